import { clientFaults } from './client-faults.ts'
import { databaseFaults } from './database-faults.ts'
import { diskFaults } from './disk-faults.ts'
import type { Fault } from './fault.ts'
import { serverFaults } from './server-faults.ts'

/** Everything that is broken on purpose. */
export const faults: readonly Fault[] = [...serverFaults, ...databaseFaults, ...clientFaults, ...diskFaults]
