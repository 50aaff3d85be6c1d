/**
 * The Padmé length of `length` (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
 * PURBs", section 4): at most 12 % more, and only O(log log n) bits of the length are told.
 */
export function padmeLength(length: number): number {
  if (length < 2) return length
  const exponent = Math.floor(Math.log2(length))
  const mantissaBits = Math.floor(Math.log2(exponent || 1)) + 1
  const block = 2 ** Math.max(0, exponent - mantissaBits)
  return Math.ceil(length / block) * block
}

/** The bytes with NUL bytes behind them up to the Padmé length. What is padded must not end in NUL itself. */
export function pad(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(padmeLength(bytes.length))
  padded.set(bytes)
  return padded
}

/** The bytes without the NUL bytes at the end. */
export function unpad(padded: Uint8Array): Uint8Array {
  let end = padded.length
  while (end > 0 && padded[end - 1] === 0) end -= 1
  return padded.subarray(0, end)
}
