import { StringDecoder } from 'node:string_decoder'
import { type Answer, readCsiAnswer, readStringAnswer } from './answers.ts'
import { altKey, controlKey, type Input, readSequence, readSingleShift } from './keys.ts'

/**
 * Turns what a terminal sends into keys, text and pastes, whatever the chunks it arrives in: half a UTF-8 sequence waits for
 * its other half, half an escape sequence too, and what is pasted is taken out of the stream as one, so that a pasted
 * line break is never Enter.
 */
export interface Decoder {
  /** What the bytes complete. */
  write(chunk: Uint8Array): Input[]
  /**
   * Whether an Escape may be waiting for what follows it. The caller calls `flush()` when nothing has come for a while
   * (50 ms): then it was the key.
   */
  isPending(): boolean
  flush(): Input[]
}

/** A paste above this is cut into several; a message holds far less. */
const MAX_PASTE_CHARS = 1 << 20
/** A sequence that has not ended by then is none. */
const MAX_SEQUENCE_CHARS = 256
const PASTE_START = '\x1b[200~'
const PASTE_END = '\x1b[201~'

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what keys are made of
const TEXT = /^[^\x00-\x1f\x7f-\x9f]+/
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const CSI = /^\x1b\x1b?\[([0-?]*)([ -/]*)([@-~])/
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const CSI_BEGUN = /^\x1b\x1b?\[[0-?]*[ -/]*$/
/** Answers of the terminal: OSC, DCS and the like, up to BEL or ST. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const ANSWER = /^\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)/
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const ANSWER_BEGUN = /^\x1b[\]PX^_][^\x07\x1b]*\x1b?$/

/** An answer that has begun. No key begins so: it is waited for, however slow the line is. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const OUR_ANSWER_BEGUN = /^\x1b(?:\[\?[\d;]*|\[[46];[\d;]*|_G[^\x07\x1b]*\x1b?)$/

export interface DecoderOptions {
  /** Is told what the terminal answers; an answer is never a key. */
  onAnswer?(answer: Answer): void
}

export function createDecoder({ onAnswer = () => undefined }: DecoderOptions = {}): Decoder {
  const utf8 = new StringDecoder('utf8')
  let rest = ''
  /** What was pasted so far, while a paste is under way. */
  let pasted: string | null = null

  return {
    write(chunk) {
      rest += utf8.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      return read(false)
    },
    isPending: () => rest !== '' && pasted === null,
    flush: () => read(true),
  }

  function read(isFinal: boolean): Input[] {
    const found: Input[] = []
    while (rest !== '') {
      const before = rest
      const input = pasted === null ? readOne(isFinal) : readPaste()
      if (input) found.push(input)
      if (rest === before) break
    }
    return joinTexts(found)
  }

  /** Takes one thing off the rest; leaves the rest as it is when its end is missing. */
  function readOne(isFinal: boolean): Input | null {
    const [text] = TEXT.exec(rest) ?? []
    if (text !== undefined) return take(text.length, { type: 'text', text })
    if (rest.startsWith(PASTE_START)) {
      pasted = ''
      return take(PASTE_START.length, null)
    }
    if (!rest.startsWith('\x1b')) {
      const code = rest.charCodeAt(0)
      // C1 controls are no keys.
      return take(1, code >= 0x80 ? null : { type: 'key', key: controlKey(code) })
    }
    return readEscape(isFinal)
  }

  function readEscape(isFinal: boolean): Input | null {
    const isOpen = rest.length < MAX_SEQUENCE_CHARS && !isFinal
    const [sequence, parameters = '', intermediates = '', final = ''] = CSI.exec(rest) ?? []
    if (sequence !== undefined) {
      // xterm's old mouse report has three more bytes; it is asked for nowhere, but must not be taken for text.
      if (final === 'M' && parameters === '') return take(sequence.length + 3, null)
      tell(readCsiAnswer(parameters, intermediates + final))
      const input = readSequence(parameters, intermediates === '$' ? '$' : final)
      if (!sequence.startsWith('\x1b\x1b')) return take(sequence.length, input)
      // Alt as some terminals send it; before what is no key (a paste, the mouse) it was Escape.
      if (input?.type !== 'key') return take(1, { type: 'key', key: 'escape' })
      return take(sequence.length, { type: 'key', key: altKey(input.key) })
    }
    const [answer] = ANSWER.exec(rest) ?? []
    if (answer !== undefined) {
      tell(readStringAnswer(answer))
      return take(answer.length, null)
    }
    if (rest.length < MAX_SEQUENCE_CHARS && OUR_ANSWER_BEGUN.test(rest)) return null
    if (isOpen && (rest === '\x1b' || rest === '\x1b\x1b' || rest === '\x1bO')) return null
    if (isOpen && (CSI_BEGUN.test(rest) || ANSWER_BEGUN.test(rest))) return null
    if (rest.length >= 3 && rest.startsWith('\x1bO')) {
      const input = readSingleShift(rest.charAt(2))
      if (input) return take(3, input)
    }
    if (rest === '\x1b' || rest.startsWith('\x1b\x1b')) return take(1, { type: 'key', key: 'escape' })
    return readAlt()
  }

  /** Escape and a character that came together: Alt with it. */
  function readAlt(): Input | null {
    const char = String.fromCodePoint(rest.codePointAt(1) ?? 0)
    const code = char.codePointAt(0) ?? 0
    const isControl = code < 0x20 || code === 0x7f
    return take(1 + char.length, { type: 'key', key: altKey(isControl ? controlKey(code) : char) })
  }

  function readPaste(): Input | null {
    const end = rest.indexOf(PASTE_END)
    if (end >= 0) {
      const text = pasted + rest.slice(0, end)
      pasted = null
      return take(end + PASTE_END.length, { type: 'paste', text })
    }
    const kept = startOfEnd(rest)
    pasted += rest.slice(0, rest.length - kept)
    rest = rest.slice(rest.length - kept)
    if (pasted === null || pasted.length < MAX_PASTE_CHARS) return null
    const text = pasted
    pasted = ''
    return { type: 'paste', text }
  }

  function tell(answer: Answer | null): void {
    if (answer) onAnswer(answer)
  }

  function take(length: number, input: Input | null): Input | null {
    rest = rest.slice(length)
    return input
  }
}

/** How many of the last characters may be the beginning of the paste's end. */
function startOfEnd(text: string): number {
  for (let length = Math.min(PASTE_END.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(PASTE_END.slice(0, length))) return length
  }
  return 0
}

function joinTexts(inputs: Input[]): Input[] {
  const joined: Input[] = []
  for (const input of inputs) {
    const last = joined.at(-1)
    if (input.type === 'text' && last?.type === 'text') {
      joined[joined.length - 1] = { type: 'text', text: last.text + input.text }
    } else joined.push(input)
  }
  return joined
}
