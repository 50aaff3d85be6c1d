/** Few colours for a picture, and for each of its pixels one of them. */
export interface Palette {
  /** 0xRRGGBB. */
  colors: number[]
  /** For each pixel the index of its colour. */
  indices: Uint8Array
}

/** Five bits of red, green and blue each. */
const BINS = 1 << 15

interface Box {
  bins: Uint16Array
  pixels: number
  /** The channel in which its colours differ most. */
  shift: number
  /** What halving it is worth. */
  gain: number
}

/**
 * Chooses the colours by median cut (Heckbert, 1982), over colours of five bits a channel.
 *
 * @param rgb three bytes a pixel
 * @param maxColors 2 to 256
 */
export function quantize(rgb: Uint8Array, maxColors: number): Palette {
  const counts = new Uint32Array(BINS)
  const sums = [new Float64Array(BINS), new Float64Array(BINS), new Float64Array(BINS)] as const
  const pixels = Math.floor(rgb.length / 3)
  const binOfPixel = new Uint16Array(pixels)
  for (let pixel = 0, at = 0; pixel < pixels; pixel++, at += 3) {
    const [red, green, blue] = [rgb[at] ?? 0, rgb[at + 1] ?? 0, rgb[at + 2] ?? 0]
    const bin = ((red >> 3) << 10) | ((green >> 3) << 5) | (blue >> 3)
    binOfPixel[pixel] = bin
    counts[bin] = (counts[bin] ?? 0) + 1
    sums[0][bin] = (sums[0][bin] ?? 0) + red
    sums[1][bin] = (sums[1][bin] ?? 0) + green
    sums[2][bin] = (sums[2][bin] ?? 0) + blue
  }
  const colors: number[] = []
  const colorOfBin = new Uint8Array(BINS)
  for (const { bins, pixels: weight } of cut(counts, maxColors)) {
    let color = 0
    for (const sum of sums) {
      let total = 0
      for (const bin of bins) total += sum[bin] ?? 0
      color = color * 256 + Math.round(total / weight)
    }
    for (const bin of bins) colorOfBin[bin] = colors.length
    colors.push(color)
  }
  const indices = new Uint8Array(pixels)
  for (let pixel = 0; pixel < pixels; pixel++) indices[pixel] = colorOfBin[binOfPixel[pixel] ?? 0] ?? 0
  return { colors, indices }
}

/** Halves the box with the most to gain, until there are enough. */
function cut(counts: Uint32Array, maxBoxes: number): Box[] {
  const used = Uint16Array.from({ length: BINS }, (_, bin) => bin).filter(bin => (counts[bin] ?? 0) > 0)
  if (used.length === 0) return []
  const boxes = [boxOf(used, counts)]
  while (boxes.length < maxBoxes) {
    const index = boxes.reduce((best, { gain }, at) => (gain > (boxes[best]?.gain ?? 0) ? at : best), 0)
    const box = boxes[index]
    if (!box || box.gain === 0) break
    boxes.splice(index, 1, ...halves(box, counts))
  }
  return boxes
}

/** At the median of its longest side; both halves have something. */
function halves({ bins, pixels, shift }: Box, counts: Uint32Array): [Box, Box] {
  const byValue = new Float64Array(32)
  let high = 0
  for (const bin of bins) {
    const value = (bin >> shift) & 31
    byValue[value] = (byValue[value] ?? 0) + (counts[bin] ?? 0)
    if (value > high) high = value
  }
  let at = 0
  let below = byValue[0] ?? 0
  while (below === 0 || (below < pixels / 2 && at < high - 1)) below += byValue[++at] ?? 0
  const isBelow = (bin: number) => ((bin >> shift) & 31) <= at
  return [
    boxOf(bins.filter(isBelow), counts),
    boxOf(
      bins.filter(bin => !isBelow(bin)),
      counts,
    ),
  ]
}

function boxOf(bins: Uint16Array, counts: Uint32Array): Box {
  let pixels = 0
  for (const bin of bins) pixels += counts[bin] ?? 0
  const { shift, range } = longest(bins)
  return { bins, pixels, shift, gain: Math.sqrt(pixels) * range }
}

/** The channel in which colours differ most, and by how much. */
function longest(bins: Uint16Array): { shift: number; range: number } {
  let best = { shift: 5, range: -1 }
  for (const shift of [5, 10, 0]) {
    let low = 31
    let high = 0
    for (const bin of bins) {
      const value = (bin >> shift) & 31
      if (value < low) low = value
      if (value > high) high = value
    }
    if (high - low > best.range) best = { shift, range: high - low }
  }
  return best
}
