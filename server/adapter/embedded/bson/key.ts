import { createHash } from 'node:crypto'
import type { Code, Decimal128, Long, ObjectId, Timestamp } from 'bson'
import { binaryParts, isDocument, KIND, kindOf, regexParts, tagOf, toNumber } from './value.ts'

/**
 * Memcomparable encoding: comparing two encodings byte by byte gives the order that MongoDB gives their values
 * (types first, then values), and no encoding is the beginning of another. So index keys need no own comparator.
 * Decimal128 beyond the precision of a double are told apart, but ordered among their neighbours by their digits only.
 */

/** Longer index keys keep their first bytes and a hash: order holds only up to there (see isCut). */
export const MAX_KEY_BYTES = 1800
const HASH_BYTES = 32

class Writer {
  bytes = Buffer.allocUnsafe(256)
  length = 0

  room(more: number): void {
    if (this.length + more <= this.bytes.length) return
    const next = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + more))
    this.bytes.copy(next, 0, 0, this.length)
    this.bytes = next
  }

  byte(value: number): void {
    this.room(1)
    this.bytes[this.length++] = value
  }

  raw(source: Uint8Array): void {
    this.room(source.length)
    this.bytes.set(source, this.length)
    this.length += source.length
  }

  /** UTF-8 with 00 written 00 FF, ended by 00 00: `a` sorts before `a\0`. */
  text(value: string): void {
    const max = value.length * 3
    this.room(max + 2)
    const start = this.length
    const written = this.bytes.write(value, start, 'utf8')
    this.length += written
    if (this.bytes.subarray(start, this.length).includes(0)) {
      const plain = Buffer.from(this.bytes.subarray(start, this.length))
      this.length = start
      for (const b of plain) {
        this.byte(b)
        if (b === 0) this.byte(0xff)
      }
    }
    this.byte(0)
    this.byte(0)
  }

  /** IEEE double with sign handling, then how far the exact value is from that double. */
  number(value: unknown): void {
    const n = toNumber(value) ?? 0
    this.room(11)
    const at = this.length
    this.length += 11
    if (Number.isNaN(n)) {
      this.bytes.fill(0, at, at + 11)
      return
    }
    this.bytes.writeDoubleBE(n === 0 ? 0 : n, at)
    if ((this.bytes[at] as number) & 0x80) {
      for (let i = at; i < at + 8; i++) this.bytes[i] = ~(this.bytes[i] as number) & 0xff
    } else this.bytes[at] = (this.bytes[at] as number) | 0x80
    this.bytes.writeUInt16BE(0x8000 + longRemainder(value, n), at + 8)
    this.bytes[at + 10] = 0x80
    if (typeof value === 'object' && value !== null && tagOf(value) === 'Decimal128')
      this.decimal(value as Decimal128, n, at)
  }

  decimal(value: Decimal128, n: number, at: number): void {
    const sign = compareDecimal(value.toString(), n)
    if (sign === 0) return
    this.bytes[at + 10] = sign < 0 ? 0x40 : 0xc0
    this.text(value.toString())
  }
}

function longRemainder(value: unknown, n: number): number {
  if (typeof value === 'bigint') return Number(value - BigInt(n))
  if (Number.isSafeInteger(n) || typeof value !== 'object' || value === null || tagOf(value) !== 'Long')
    return 0
  return Number((value as Long).toBigInt() - BigInt(n))
}

/** Exact comparison of a decimal string with a double. */
function compareDecimal(text: string, n: number): number {
  if (!Number.isFinite(n)) return 0
  const match = /^(-?)(\d*)\.?(\d*)(?:E([+-]?\d+))?$/i.exec(text)
  if (!match) return 0
  const digits = BigInt(`${match[2]}${match[3]}` || '0') * (match[1] ? -1n : 1n)
  const exponent = Number(match[4] ?? 0) - (match[3] ?? '').length
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, n)
  const raw = view.getBigUint64(0)
  const biased = Number((raw >> 52n) & 0x7ffn)
  const mantissa = (raw & 0xfffffffffffffn) | (biased === 0 ? 0n : 0x10000000000000n)
  const power = (biased === 0 ? 1 : biased) - 1075
  let left = digits
  let right = (n < 0 ? -1n : 1n) * mantissa
  if (exponent >= 0) left *= 10n ** BigInt(exponent)
  else right *= 10n ** BigInt(-exponent)
  if (power >= 0) right <<= BigInt(power)
  else left <<= BigInt(-power)
  return left < right ? -1 : left > right ? 1 : 0
}

function writePayload(out: Writer, kind: number, value: unknown): void {
  switch (kind) {
    case KIND.number:
      out.number(value)
      return
    case KIND.string:
      out.text(String(value))
      return
    case KIND.object:
      for (const [name, field] of Object.entries(objectFields(value))) {
        const fieldKind = kindOf(field)
        out.byte(fieldKind)
        out.text(name)
        writePayload(out, fieldKind, field)
      }
      out.byte(0)
      return
    case KIND.array:
      for (const item of value as unknown[]) writeValue(out, item)
      out.byte(0)
      return
    case KIND.binary: {
      const { bytes, subtype } = binaryParts(value)
      out.room(5)
      out.length = out.bytes.writeUInt32BE(bytes.length, out.length)
      out.byte(subtype)
      out.raw(bytes)
      return
    }
    case KIND.objectId:
      out.raw((value as ObjectId).id)
      return
    case KIND.boolean:
      out.byte(value ? 1 : 0)
      return
    case KIND.date:
      out.room(8)
      out.bytes.writeBigInt64BE(BigInt(Math.trunc((value as Date).getTime() || 0)), out.length)
      out.bytes[out.length] = (out.bytes[out.length] as number) ^ 0x80
      out.length += 8
      return
    case KIND.timestamp:
      out.room(8)
      out.length = out.bytes.writeUInt32BE((value as Timestamp).high >>> 0, out.length)
      out.length = out.bytes.writeUInt32BE((value as Timestamp).low >>> 0, out.length)
      return
    case KIND.regex: {
      const parts = regexParts(value)
      out.text(parts?.pattern ?? '')
      out.text(parts?.options ?? '')
      return
    }
    case KIND.code:
    case KIND.codeWithScope:
      out.text(String((value as Code).code))
      return
    default:
      return
  }
}

function objectFields(value: unknown): Record<string, unknown> {
  if (isDocument(value) && tagOf(value) === undefined) return value
  const ref = value as { toJSON?: () => Record<string, unknown> }
  return ref.toJSON?.() ?? {}
}

function writeValue(out: Writer, value: unknown): void {
  const kind = kindOf(value)
  out.byte(kind)
  writePayload(out, kind, value)
}

/** Encodes one value in ascending order. */
export function encodeValue(value: unknown): Buffer {
  const out = new Writer()
  writeValue(out, value)
  return out.bytes.subarray(0, out.length)
}

/** What an empty array is indexed as: it sorts before null. */
export const EMPTY_ARRAY_KEY: Buffer = Buffer.from([KIND.undefined])

/** Turns an ascending encoding into a descending one (a new buffer). */
export function invert(bytes: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(bytes.length)
  for (let i = 0; i < bytes.length; i++) out[i] = ~(bytes[i] as number) & 0xff
  return out
}

/** Joins components; a key over the limit is cut and closed by a hash of the whole. */
export function joinKey(parts: readonly Uint8Array[]): { key: Buffer; isCut: boolean } {
  const key = parts.length === 1 ? Buffer.from(parts[0] as Uint8Array) : Buffer.concat(parts)
  if (key.length <= MAX_KEY_BYTES) return { key, isCut: false }
  const hash = createHash('sha256').update(key).digest().subarray(0, HASH_BYTES)
  return { key: Buffer.concat([key.subarray(0, MAX_KEY_BYTES - HASH_BYTES), hash]), isCut: true }
}

/** How many bytes of a cut key are still in order. */
export const CUT_PREFIX_BYTES = MAX_KEY_BYTES - HASH_BYTES

/** A value as a string that is equal for equal values, for sets and maps. */
export function valueId(value: unknown): string {
  return encodeValue(value).toString('latin1')
}
