// Runs an embedded database until it is killed: prints its URI, or the code of the error that it failed with.
import { startEmbedded } from '../start.ts'

const [dataDir = ''] = process.argv.slice(2)
try {
  const database = await startEmbedded({ dataDir })
  console.log(database.uri)
} catch (error) {
  console.log(`error ${String((error as { code?: unknown }).code)}`)
}
