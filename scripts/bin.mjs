#!/usr/bin/env node
// The `fastchat` that npm links: `node --import tsx fastchat.ts …` in one process, from any directory. It is
// JavaScript because Node runs no TypeScript, least of all in node_modules; everything else is in fastchat.ts, which
// acts when it is imported and reads process.argv.slice(2).
import { fileURLToPath } from 'node:url'
import { register } from 'tsx/esm/api'

// Our own tsconfig: without this, tsx would obey whatever tsconfig.json the user's working directory has.
register({ tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)) })

// What we start takes its options from here, and a hook registered by code is not inherited.
process.execArgv = ['--import', import.meta.resolve('tsx'), ...process.execArgv]

await import('./fastchat.ts')
