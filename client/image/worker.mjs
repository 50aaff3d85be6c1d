// Decodes one picture after the other, in a thread of its own: a thread that hangs can be ended, and what a decoder does
// wrong with hostile bytes it does within a WebAssembly memory, not within the process that holds the keys. It is JavaScript
// because Node runs no TypeScript, and to load a compiler into each thread would take longer than the picture.
import fs from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'

const PAGE_BYTES = 64 * 1024
const maxPages = Math.floor(workerData.maxMemoryBytes / PAGE_BYTES)

// The library takes up to 2 GiB and has no option for it.
const Memory = WebAssembly.Memory
WebAssembly.Memory = class extends Memory {
  constructor(descriptor) {
    super({ ...descriptor, maximum: Math.min(descriptor.maximum ?? maxPages, maxPages) })
  }
}

// Deno writes what nobody catches to standard error, which is the person's screen. The other side sees the thread end.
for (const type of ['error', 'unhandledrejection']) {
  globalThis.addEventListener?.(type, event => {
    event.preventDefault()
    process.exit(1)
  })
}

const { default: createVips } = await import('wasm-vips')
/** What the library says to itself is of no interest, and may quote what is in the file. */
const silent = () => undefined
const vips = await createVips({
  dynamicLibraries: [],
  print: silent,
  printErr: silent,
  preRun: ({ ENV }) => Object.assign(ENV, { VIPS_WARNING: '1' }),
})
vips.concurrency(1)
vips.Cache.max(0)
vips.operationBlock('VipsForeignLoad', true)
for (const format of ['Png', 'Jpeg', 'Nsgif', 'Webp']) vips.operationBlock(`VipsForeignLoad${format}`, false)
closeFiles()

parentPort.on('message', request => {
  try {
    const { width, height, rgb } = decode(request)
    parentPort.postMessage({ width, height, rgb }, [rgb.buffer])
  } catch {
    parentPort.postMessage(null)
  }
})
parentPort.postMessage('ready')

/**
 * The library reaches files through these functions of this thread, from its own threads too. Now that it is loaded it needs
 * none of them, whatever a hostile picture makes of it.
 */
function closeFiles() {
  for (const [name, value] of Object.entries(fs)) {
    if (typeof value !== 'function' || /^[A-Z]/.test(name)) continue
    fs[name] = () => {
      throw Object.assign(new Error('no files here'), { code: 'EACCES' })
    }
  }
}

/** @param request what `decode.ts` sends: the file, what its header says, the box, and the ground as three numbers */
function decode({ bytes, format, width, height, maxWidth, maxHeight, ground }) {
  const used = []
  const keep = image => {
    used.push(image)
    return image
  }
  // All of it, and in memory: read piece by piece, the library shows what is missing of a file as black.
  const options = { access: 'random', memory: true, fail_on: 'error' }
  const open = more => keep(vips.Image.newFromBuffer(bytes, '', { ...options, ...more }))
  try {
    // The decoder's idea of the header must be ours: it is ours that was held against the limits.
    let image = open({})
    if (!isAsSaid({ format, width, height }, image)) throw new Error('another size')

    // Both can be decoded smaller in a fraction of time and memory: a JPEG at a half, a quarter, an eighth, a WebP at any size.
    const times = Math.max(width / maxWidth, height / maxHeight)
    if (format === 'jpeg' && times >= 2)
      image = open({ shrink: Math.min(8, 2 ** Math.floor(Math.log2(times))) })
    if (format === 'webp' && times >= 2) image = open({ scale: 2 / times })
    image = keep(image.thumbnailImage(maxWidth, { height: maxHeight, size: 'down' }))
    if (image.interpretation !== 'srgb') image = keep(image.colourspace('srgb'))
    if (image.hasAlpha()) image = keep(image.flatten({ background: ground }))
    if (image.format !== 'uchar') image = keep(image.cast('uchar'))
    if (image.bands !== 3) throw new Error('no colours')
    return { width: image.width, height: image.height, rgb: image.writeToMemory() }
  } finally {
    for (const image of used) image.delete()
  }
}

/** Of a GIF with one image the library takes only that, without the canvas around it. */
function isAsSaid({ format, width, height }, image) {
  if (format === 'gif') return image.width <= width && image.height <= height
  return (
    (image.width === width && image.height === height) || (image.width === height && image.height === width)
  )
}
