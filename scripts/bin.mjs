#!/usr/bin/env node
// The `fastchat` that npm links: `fastchat.ts` on Node, in one process, from any directory. It is JavaScript because Node runs
// no TypeScript, least of all in node_modules; everything else is in fastchat.ts, which acts when it is imported and reads
// process.argv.slice(2).
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { builtProgram } from './node-build.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

// What we start with options of ours takes them from here: it is TypeScript again.
process.execArgv = ['--import', import.meta.resolve('tsx'), ...process.execArgv]

const built = await builtProgram(root)
if (built) {
  process.setSourceMapsEnabled(true)
  await import(pathToFileURL(built).href)
} else {
  const { register } = await import('tsx/esm/api')
  // Our own tsconfig: without this, tsx would obey whatever tsconfig.json the user's working directory has.
  register({ tsconfig: join(root, 'tsconfig.json') })
  await import('./fastchat.ts')
}
