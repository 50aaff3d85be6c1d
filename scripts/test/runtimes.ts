/** Tests of the product may reach into scripts/test only, so what they need of scripts/runtimes.ts stands here too. */
export { currentRuntime, type Runtime, spawnArgs } from '../runtimes.ts'
