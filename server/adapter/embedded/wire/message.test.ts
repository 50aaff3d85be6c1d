import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decode, encode, Rec } from '../bson/codec.ts'
import { Framing } from './framing.ts'
import {
  buildReply,
  encodeArrayField,
  encodeDocumentField,
  joinDocuments,
  MAX_MESSAGE_BYTES,
  parseMessage,
  WireError,
} from './message.ts'

const test = suite('wire/message')

function opMsg(sections: Uint8Array[], flags = 0): Buffer {
  const payload = Buffer.concat(sections)
  const out = Buffer.alloc(20 + payload.length)
  out.writeInt32LE(out.length, 0)
  out.writeInt32LE(7, 4)
  out.writeInt32LE(2013, 12)
  out.writeUInt32LE(flags, 16)
  payload.copy(out, 20)
  return out
}

function body(doc: object): Buffer {
  return Buffer.concat([Buffer.from([0]), encode(doc)])
}

function sequence(name: string, docs: object[]): Buffer {
  const rest = Buffer.concat([Buffer.from(`${name}\0`), ...docs.map(encode)])
  const head = Buffer.alloc(5)
  head[0] = 1
  head.writeInt32LE(rest.length + 4, 1)
  return Buffer.concat([head, rest])
}

test('`parseMessage()` reads body and sequences when a message has both', () => {
  const request = parseMessage(
    opMsg([body({ insert: 'c', $db: 'd' }), sequence('documents', [{ a: 1 }, { a: 2 }])]),
  )
  assert.is(request.requestId, 7)
  assert.is(request.body.insert, 'c')
  assert.equal(
    request.sequences.get('documents')?.map(rec => Number(rec.doc.a)),
    [1, 2],
  )
  assert.is(request.isUnacknowledged, false)
})

test('`parseMessage()` says that no answer is wanted when moreToCome is set', () => {
  assert.is(parseMessage(opMsg([body({ insert: 'c', $db: 'd' })], 2)).isUnacknowledged, true)
})

test('`parseMessage()` reads the old query form when a connection begins', () => {
  const name = Buffer.from('admin.$cmd\0')
  const doc = encode({ ismaster: 1 })
  const out = Buffer.concat([Buffer.alloc(20), name, Buffer.alloc(8), doc])
  out.writeInt32LE(out.length, 0)
  out.writeInt32LE(2004, 12)
  const request = parseMessage(out)
  assert.is(request.kind, 'query')
  assert.is(request.body.$db, 'admin')
})

test('`parseMessage()` throws WireError when required flags are unknown', () => {
  assert.throws(
    () => parseMessage(opMsg([body({ ping: 1 })], 4)),
    (e: unknown) => e instanceof WireError,
  )
})

test('`parseMessage()` throws, and nothing else, when bytes are mangled', () => {
  const good = opMsg([body({ insert: 'c', $db: 'd' }), sequence('documents', [{ a: 'text' }, { a: 2 }])])
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      changes => {
        const bad = Buffer.from(good)
        for (const [at, value] of changes) bad[at] = value
        try {
          parseMessage(bad)
        } catch (error) {
          assert.ok(error instanceof Error)
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('`Framing.push()` gives whole messages when the stream is cut anywhere', () => {
  const messages = [{ ping: 1 }, { insert: 'collection', $db: 'x'.repeat(300) }, { a: 1 }].map(doc =>
    opMsg([body(doc)]),
  )
  const stream = Buffer.concat(messages)
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), cuts => {
      const framing = new Framing()
      const edges = [0, ...cuts.sort((a, b) => a - b), stream.length]
      const got: Buffer[] = []
      for (let i = 1; i < edges.length; i++)
        got.push(...framing.push(stream.subarray(edges[i - 1], edges[i])))
      assert.is(got.length, messages.length)
      for (let i = 0; i < got.length; i++) assert.ok(messages[i]?.equals(got[i] as Buffer))
    }),
  )
})

test('`Framing.push()` throws WireError when a length is out of bounds', () => {
  for (const length of [-1, 0, 15, MAX_MESSAGE_BYTES + 1]) {
    const head = Buffer.alloc(16)
    head.writeInt32LE(length, 0)
    assert.throws(
      () => new Framing().push(head),
      (e: unknown) => e instanceof WireError,
    )
  }
})

test('`encodeArrayField()` and `joinDocuments()` make what the library would when given documents as bytes', () => {
  const recs = Array.from({ length: 12 }, (_, i) => Rec.of({ _id: i, text: 'é'.repeat(i) }))
  const cursor = joinDocuments(encodeArrayField('firstBatch', recs), encode({ id: 5, ns: 'a.b' }))
  const reply = joinDocuments(encodeDocumentField('cursor', cursor), encode({ ok: 1 }))
  const expected = encode({
    cursor: { firstBatch: recs.map(rec => decode(rec.bytes)), id: 5, ns: 'a.b' },
    ok: 1,
  })
  assert.ok(expected.equals(reply))
  const message = buildReply({ requestId: 9, kind: 'msg' }, reply)
  assert.is(message.readInt32LE(0), message.length)
  assert.is(message.readInt32LE(8), 9)
})

test.run()
