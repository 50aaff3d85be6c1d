import { createPictureDecoder } from './decode.ts'
import { quartersPng } from './pictures.fixture.ts'

// What is idle must not keep a one-shot command from ending.
const decoder = createPictureDecoder({ idleMs: 3_600_000 })
const { width, height } = await decoder.decode(quartersPng(), { maxWidth: 8, maxHeight: 8 })
process.stdout.write(`${width}x${height}`)
