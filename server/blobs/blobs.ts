import type { BlobDocument } from '../../schema/documents.ts'
import { FastChatError } from '../../schema/errors.ts'
import type { BlobResponse, CreateBlobRequest } from '../../schema/http.ts'
import type { BlobId, Recipient } from '../../schema/ids.ts'
import type { Caller } from '../auth/tokens.ts'
import type { Limits } from '../config/limits.ts'
import type { ByteRange } from '../core/byte-range.ts'
import type { DeviceSets } from '../delivery/device-sets.ts'
import type { Groups } from '../groups/groups.ts'
import type { Clock } from '../port/clock.ts'
import type { Metrics } from '../port/metrics.ts'
import type { Store } from '../port/store.ts'

export interface BlobsOptions {
  store: Store
  devices: DeviceSets
  groups: Groups
  clock: Clock
  /** The database's time, ms. */
  now: () => number
  limits: Limits
  metrics: Metrics
  isStopping: () => boolean
}

/** Who may do what with which attachment. Uploads are in upload.ts. */
export class Blobs {
  readonly #options: BlobsOptions

  constructor(options: BlobsOptions) {
    this.#options = options
  }

  /**
   * Announces an attachment; the same again gives what has come of it.
   *
   * @throws FastChatError `too_large`, `quota_exceeded`; `unknown_user`, `no_devices`, `not_a_member` when it could be for
   *   nobody; `id_taken` when the id is that of another one
   */
  async create({ userId, deviceId }: Caller, request: CreateBlobRequest): Promise<BlobResponse> {
    const { store, limits, now } = this.#options
    const { id, to, size, sha256 } = request
    if (size > limits.maxBlobBytes) {
      throw new FastChatError(
        'too_large',
        `Cannot take attachment: it has ${size} bytes, at most ${limits.maxBlobBytes} are allowed`,
      )
    }
    const old = await this.#findKept(id)
    if (old) return await this.#again(old, { userId, request })
    const people = await this.#people(userId, to)
    const devices = await this.#options.devices.read(people)
    if ('user' in to && to.user !== userId && devices.get(to.user)?.length === 0) {
      await this.#refuseRecipient(to.user)
    }
    const createdAt = Math.round(now())
    const blob: BlobDocument = {
      _id: id,
      ownerId: userId,
      ...('user' in to ? { receiverId: to.user } : { groupId: to.group }),
      pending: [...devices.values()].flat().filter(device => device !== deviceId),
      size,
      sha256,
      complete: false,
      // Later than that of one with the same id that was removed before.
      attempt: createdAt,
      createdAt: new Date(createdAt),
      expiresAt: new Date(createdAt + limits.blobUploadMs),
    }
    await this.#checkQuota(userId, { blobs: 1, bytes: size })
    if (!(await store.blobs.create(blob))) {
      const other = await this.#findKept(id)
      if (other) return await this.#again(other, { userId, request })
      throw new FastChatError('unavailable', 'Cannot take attachment: it is just being removed')
    }
    try {
      // Again, for others may have been announced at the same moment.
      await this.#checkQuota(userId, { blobs: 0, bytes: 0 })
    } catch (error) {
      await store.blobs.remove(id)
      throw error
    }
    return { id, size, received: 0, complete: false }
  }

  /** @throws FastChatError `not_found` when there is none that this person may read */
  async readable(userId: string, id: BlobId): Promise<BlobDocument> {
    const blob = await this.#findKept(id)
    if (!blob || !(await this.#mayRead(userId, blob))) throw notFound()
    return blob
  }

  /** @throws FastChatError `not_found` when there is none of this person's */
  async owned(userId: string, id: BlobId): Promise<BlobDocument> {
    const blob = await this.#findKept(id)
    if (blob?.ownerId !== userId) throw notFound()
    return blob
  }

  /** How much of it is stored. */
  async state(blob: BlobDocument): Promise<BlobResponse> {
    return stateOf(blob, await this.received(blob))
  }

  /**
   * From where on an upload goes on, bytes. The last chunk does not count until all is complete: so there is always
   * something to send that completes it, also when a server was killed between the two.
   */
  async received(blob: BlobDocument): Promise<number> {
    if (blob.complete) return blob.size
    const { store, limits } = this.#options
    const chunks = await store.blobs.countChunks(blob)
    return Math.min(chunks, lastChunk(blob, limits.blobChunkBytes)) * limits.blobChunkBytes
  }

  /** The bytes of a complete one. */
  read(blob: BlobDocument, range: ByteRange): AsyncIterable<Uint8Array> {
    return this.#options.store.blobs.read(blob._id, range)
  }

  /**
   * A device has all of it. When no device is left it is removed.
   *
   * @throws FastChatError `not_found`, `blob_incomplete`
   */
  async receivedBy({ userId, deviceId }: Caller, id: BlobId): Promise<BlobResponse> {
    const blob = await this.readable(userId, id)
    checkComplete(blob)
    await this.#options.store.blobs.receivedBy(id, deviceId)
    return stateOf(blob, blob.size)
  }

  /** @throws FastChatError `not_found` */
  async remove({ userId }: Caller, id: BlobId): Promise<BlobResponse> {
    const blob = await this.owned(userId, id)
    const state = await this.state(blob)
    await this.#options.store.blobs.remove(id)
    return state
  }

  async #findKept(id: BlobId): Promise<BlobDocument | null> {
    const { store, now } = this.#options
    const blob = await store.blobs.find(id)
    if (!blob || blob.expiresAt.getTime() > now()) return blob
    // Its time is over, or it is being removed: that is finished here, so that the id is free.
    await store.blobs.remove(id)
    return null
  }

  async #mayRead(userId: string, { ownerId, receiverId, groupId }: BlobDocument): Promise<boolean> {
    if (userId === ownerId || userId === receiverId) return true
    if (groupId === undefined) return false
    return (await this.#options.groups.members(groupId)).includes(userId)
  }

  /** The people whose devices have to get it. */
  async #people(userId: string, to: Recipient): Promise<readonly string[]> {
    if ('user' in to) return [...new Set([to.user, userId])]
    const members = await this.#options.groups.members(to.group)
    if (!members.includes(userId)) {
      throw new FastChatError(
        'not_a_member',
        `Cannot take attachment for group ${to.group}: you are not in it`,
      )
    }
    return members
  }

  async #refuseRecipient(userId: string): Promise<never> {
    if (!(await this.#options.store.accounts.findUser(userId))) {
      throw new FastChatError('unknown_user', `Cannot take attachment for ${userId}: there is no such user`)
    }
    throw new FastChatError(
      'no_devices',
      `Cannot take attachment for ${userId}: none of their devices can be written to until it connects again`,
    )
  }

  async #checkQuota(userId: string, more: { blobs: number; bytes: number }): Promise<void> {
    const { store, limits, now } = this.#options
    const kept = await store.blobs.usage(userId, { at: new Date(now()) })
    if (kept.blobs + more.blobs > limits.maxBlobsPerUser) {
      throw new FastChatError(
        'quota_exceeded',
        `Cannot take attachment: ${limits.maxBlobsPerUser} of this account are kept already`,
      )
    }
    if (kept.bytes + more.bytes > limits.maxBlobBytesPerUser) {
      throw new FastChatError(
        'quota_exceeded',
        `Cannot take attachment: more than ${limits.maxBlobBytesPerUser} bytes of this account would be kept`,
      )
    }
  }

  async #again(
    blob: BlobDocument,
    { userId, request: { to, size, sha256 } }: { userId: string; request: CreateBlobRequest },
  ): Promise<BlobResponse> {
    const isSameRecipient = 'user' in to ? blob.receiverId === to.user : blob.groupId === to.group
    if (blob.ownerId !== userId || !isSameRecipient || blob.size !== size || blob.sha256 !== sha256) {
      throw new FastChatError('id_taken', 'Cannot take attachment: its id is taken')
    }
    return await this.state(blob)
  }
}

export function stateOf({ _id: id, size, complete }: BlobDocument, received: number): BlobResponse {
  return { id, size, received, complete }
}

/** The number of the last chunk. */
export function lastChunk({ size }: Pick<BlobDocument, 'size'>, chunkBytes: number): number {
  return Math.ceil(size / chunkBytes) - 1
}

/** The same for one that does not exist and for one that somebody may not read. */
export function notFound(): FastChatError {
  return new FastChatError('not_found', 'Cannot find attachment: there is none of that id')
}

/** @throws FastChatError `blob_incomplete` */
export function checkComplete({ complete }: BlobDocument): void {
  if (!complete) {
    throw new FastChatError('blob_incomplete', 'Cannot give attachment: its upload is not finished')
  }
}
