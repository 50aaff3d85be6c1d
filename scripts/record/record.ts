/** `npm run record`: makes the pictures of the program anew, the README's among them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { pictureFile, recordPicture, sizes } from './pictures.ts'
import { playScenes } from './scenes.ts'

mkdirSync(new URL('pictures/', import.meta.url), { recursive: true })
await playScenes(async (scene, terminal) => {
  for (const size of sizes) {
    const file = pictureFile(scene, size)
    writeFileSync(file, await recordPicture(terminal, size))
    console.log(file.pathname)
  }
})
