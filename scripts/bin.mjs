#!/usr/bin/env node
// The `fastchat` that npm links. It is JavaScript because Node runs no TypeScript, least of all in node_modules;
// everything else is fastchat.ts, which must act when it is imported and read process.argv.slice(2).
import { fileURLToPath } from 'node:url'
import { register } from 'tsx/esm/api'

// Our own tsconfig: without this, tsx would obey whatever tsconfig.json the user's working directory has.
register({ tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)) })

await import('./fastchat.ts')
