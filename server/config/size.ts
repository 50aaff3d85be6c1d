/** The most that an operator may allow for one attachment: 1 GiB. */
export const MAX_BLOB_MIB = 1024

/** The size of the largest attachment, bytes; NaN when it is no whole number of MiB from 1 to `MAX_BLOB_MIB`. */
export function readMebibytes(text: string): number {
  const mebibytes = /^\d{1,4}$/.test(text) ? Number(text) : 0
  return mebibytes >= 1 && mebibytes <= MAX_BLOB_MIB ? mebibytes * 1024 * 1024 : Number.NaN
}
