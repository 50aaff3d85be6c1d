import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createDecoder } from './decoder.ts'
import type { Input } from './keys.ts'

const test = suite('input/decoder')

/** Feeds chunks, then waits as long as a lone Escape takes. */
function decode(...chunks: (string | Uint8Array)[]): Input[] {
  const decoder = createDecoder()
  const inputs = chunks.flatMap(chunk =>
    decoder.write(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk),
  )
  return [...inputs, ...decoder.flush()]
}

function keys(...chunks: string[]): string[] {
  return decode(...chunks).map(input => (input.type === 'key' ? input.key : input.type))
}

function textOf(inputs: readonly Input[]): string {
  return inputs.map(input => (input.type === 'text' || input.type === 'paste' ? input.text : '?')).join('')
}

test('`write()` gives a thousand é whole, wherever their bytes are cut', () => {
  const text = 'é'.repeat(1000)
  const bytes = new TextEncoder().encode(text)
  for (const size of [1, 3, 7, 1023, 2000]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.subarray(at * size, (at + 1) * size),
    )
    assert.is(textOf(decode(...chunks)), text)
  }
})

test('`write()` gives the same however a stream is cut into chunks', () => {
  const stream = 'a日\x1b[1;3A👨‍👩‍👧\x1bOP\r\x1b[200~x\ny\x1b[201~\x1b[<64;3;4M\x7f\x1b\rz'
  const bytes = new TextEncoder().encode(stream)
  const whole = joined(decode(bytes))
  const places = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 12 })
  void fc.assert(
    fc.property(places, cuts => {
      const sorted = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
      const chunks = sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end))
      assert.equal(joined(decode(...chunks)), whole)
    }),
  )
})

test('`write()` never throws, and never makes a key of what is pasted, whatever comes', () => {
  void fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), chunks => {
      decode(...chunks)
    }),
  )
  void fc.assert(
    fc.property(fc.string(), text => {
      const pasted = text.replaceAll('\x1b[201~', '')
      const inputs = decode(`\x1b[200~${pasted}\x1b[201~`)
      assert.ok(inputs.every(input => input.type === 'paste'))
    }),
  )
})

test('`write()` delivers a bracketed paste as one, its line breaks and escapes with it', () => {
  assert.equal(decode('\x1b[20', '0~one\r\ntwo', '\x1b[A\x03\x1b[2', '01', '~x'), [
    { type: 'paste', text: 'one\r\ntwo\x1b[A\x03' },
    { type: 'text', text: 'x' },
  ])
})

test('`write()` takes a paste out of the stream even right behind an Escape', () => {
  assert.equal(decode('\x1b\x1b[200~one\ntwo\x1b[201~'), [
    { type: 'key', key: 'escape' },
    { type: 'paste', text: 'one\ntwo' },
  ])
})

test('`write()` gives out a paste that never ends before it takes all memory', () => {
  const decoder = createDecoder()
  decoder.write(new TextEncoder().encode('\x1b[200~'))
  const megabyte = new TextEncoder().encode('x'.repeat(1 << 20))
  assert.is(textOf(decoder.write(megabyte)).length, 1 << 20)
})

test('`write()` waits for the rest of an escape sequence, and `flush()` takes a lone Escape for the key', () => {
  const decoder = createDecoder()
  assert.equal(decoder.write(new TextEncoder().encode('\x1b')), [])
  assert.ok(decoder.isPending())
  assert.equal(decoder.flush(), [{ type: 'key', key: 'escape' }])
  assert.not.ok(decoder.isPending())
  assert.equal(keys('\x1b', '[', '1;3', 'A'), ['alt-up'])
})

test('`write()` names the keys that terminals send', () => {
  const known: [string, string][] = [
    ['\r', 'enter'],
    ['\n', 'ctrl-j'],
    ['\t', 'tab'],
    ['\x1b[Z', 'shift-tab'],
    ['\x7f', 'backspace'],
    ['\b', 'ctrl-h'],
    ['\x03', 'ctrl-c'],
    ['\x1b\r', 'alt-enter'],
    ['\x1ba', 'alt-a'],
    ['\x1b[A', 'up'],
    ['\x1bOA', 'up'],
    ['\x1b[1;3B', 'alt-down'],
    ['\x1b\x1b[B', 'alt-down'],
    ['\x1b[1;5C', 'ctrl-right'],
    ['\x1b[5~', 'page-up'],
    ['\x1b[6~', 'page-down'],
    ['\x1b[3~', 'delete'],
    ['\x1b[H', 'home'],
    ['\x1b[4~', 'end'],
    ['\x1bOP', 'f1'],
    ['\x1b[11~', 'f1'],
    ['\x1b[13;2u', 'shift-enter'],
    ['\x1b[27;5;13~', 'ctrl-enter'],
    ['\x1b[107;5u', 'ctrl-k'],
  ]
  for (const [bytes, key] of known) assert.equal(keys(bytes), [key], JSON.stringify(bytes))
})

test('`write()` reads the SGR mouse: wheel and press, counted from 0', () => {
  assert.equal(decode('\x1b[<64;10;5M\x1b[<65;1;1M\x1b[<0;3;4M\x1b[<0;3;4m'), [
    { type: 'mouse', what: 'wheel-up', x: 9, y: 4 },
    { type: 'mouse', what: 'wheel-down', x: 0, y: 0 },
    { type: 'mouse', what: 'press', x: 2, y: 3 },
  ])
})

test('`write()` swallows what a terminal answers, so that it is never typed', () => {
  assert.equal(decode('\x1b]11;rgb:0000/0000/0000\x07a\x1bP>|xterm\x1b\\b\x1b[?62;4cc'), [
    { type: 'text', text: 'abc' },
  ])
})

/** Texts side by side are one: where they were cut does not matter. */
function joined(inputs: readonly Input[]): Input[] {
  const all: Input[] = []
  for (const input of inputs) {
    const last = all.at(-1)
    if (input.type === 'text' && last?.type === 'text') {
      all[all.length - 1] = { type: 'text', text: last.text + input.text }
    } else all.push(input)
  }
  return all
}

test.run()
