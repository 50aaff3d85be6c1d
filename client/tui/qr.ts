import { encode } from 'uqr'

/** Two modules of margin: the standard wants four, but cameras do with less, and a terminal has few rows. */
const MARGIN = 2

/** Bytes as a QR code (ISO/IEC 18004, byte mode), margin included, row by row; true is dark. */
export function qrModules(bytes: Uint8Array): boolean[][] {
  return encode([...bytes], { ecc: 'L', boostEcc: true, border: MARGIN }).data
}
