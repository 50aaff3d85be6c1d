import type { BlobRef } from '../../schema/content.ts'
import type { BlobId, MessageId } from '../../schema/ids.ts'
import { encryptedSize } from '../crypto/file-cipher.ts'
import type { FileRecord } from './records.ts'
import type { Tx } from './state.ts'

/** The most that any server may be set to take. */
const MAX_BLOB_BYTES = 2 ** 30

/**
 * Notes the file of a message. Whoever writes names any attachment, and any sizes: one that another message has already, or
 * that cannot be what it says, is none.
 *
 * @returns whether it was noted
 */
export function registerFile(
  tx: Tx,
  { id, ref, state }: { id: MessageId; ref: BlobRef; state: FileRecord['state'] },
): boolean {
  const owner = tx.tables.fileOwners.get([ref.blob])
  if ((owner !== undefined && owner.id !== id) || !hasTrueSize(ref)) return false
  tx.tables.fileOwners.put([ref.blob], { id })
  tx.tables.files.put([id], { ref, state })
  return true
}

/** A message is no more, and so is its file. */
export function forgetFile(tx: Tx, { id, mine }: { id: MessageId; mine: boolean }): void {
  const blob: BlobId | undefined = tx.tables.files.get([id])?.ref.blob
  if (blob === undefined) return
  tx.tables.forgottenFiles.put([blob], { blob, mine })
  tx.tables.fileOwners.delete([blob])
  tx.tables.files.delete([id])
}

/** Whether an attachment has as many bytes as one of a file of this size. */
export function hasTrueSize({ size, blobSize }: Pick<BlobRef, 'size' | 'blobSize'>): boolean {
  try {
    return blobSize <= MAX_BLOB_BYTES && encryptedSize(size) === blobSize
  } catch {
    return false
  }
}
