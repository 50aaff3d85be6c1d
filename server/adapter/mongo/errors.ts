import { MongoBulkWriteError, MongoError, MongoServerError } from 'mongodb'
import { FastChatError } from '../../../schema/errors.ts'

/** Codes of MongoDB's that the server acts on. */
export const mongoCodes = {
  unauthorized: 13,
  authenticationFailed: 18,
  namespaceExists: 48,
  documentValidationFailure: 121,
  outOfDiskSpace: 14031,
  duplicateKey: 11000,
  changeStreamFatal: 280,
  changeStreamHistoryLost: 286,
  changeStreamOnlyOnReplicaSets: 40573,
} as const

export function isMongoCode(error: unknown, code: number): boolean {
  return error instanceof MongoServerError && error.code === code
}

/** Whether every failure of a bulk write was a document that was there already. */
export function isOnlyDuplicates(error: unknown): error is MongoBulkWriteError {
  if (!(error instanceof MongoBulkWriteError)) return false
  const failures = [error.writeErrors].flat()
  const concern = error.result?.getWriteConcernError()
  return !concern && failures.length > 0 && failures.every(({ code }) => code === mongoCodes.duplicateKey)
}

/**
 * What a caller is told of a failure of the database. Messages of the driver's may quote documents, so none is passed on;
 * the cause holds it for the log.
 */
export function storeError(cause: unknown): FastChatError {
  if (cause instanceof FastChatError) return cause
  if (isMongoCode(cause, mongoCodes.outOfDiskSpace)) {
    return new FastChatError('disk_full', 'Cannot store: the disk of the database is full', { cause })
  }
  if (isMongoCode(cause, mongoCodes.documentValidationFailure)) {
    return new FastChatError('internal', 'Cannot store: the database refuses the document', { cause })
  }
  if (cause instanceof MongoError) {
    return new FastChatError('unavailable', 'Cannot use the database: it does not answer as it should now', {
      cause,
    })
  }
  return new FastChatError('internal', 'Cannot use the database: unexpected failure', { cause })
}

/** Runs work on the database; whatever it throws becomes a FastChatError. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw storeError(error)
  }
}

/** Whether an insert went through; false when a unique index has its key already. */
export async function inserted(insert: Promise<unknown>): Promise<boolean> {
  try {
    await insert
    return true
  } catch (error) {
    if (isMongoCode(error, mongoCodes.duplicateKey)) return false
    throw error
  }
}
