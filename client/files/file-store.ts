import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobRef } from '../../schema/content.ts'
import { FastChatError } from '../../schema/errors.ts'
import type { Base64Url32, BlobId } from '../../schema/ids.ts'
import { decryptFile, encryptedSize, encryptFile, makeFileKey } from '../crypto/file-cipher.ts'
import { flushFolder, hasCode, isPrivateFolder } from '../home/files.ts'
import { asDiskFull } from '../store/disk-full.ts'
import { bytesOf, writeAll } from './bytes.ts'

const YOUNG_MS = 60 * 60 * 1000
const NAME = /^[0-9a-f-]{36}(\.part)?$/

/**
 * The files of an account on this disk, as servers have them: encrypted, each under its own key, which is in the account's
 * sealed data and nowhere else. `<blobId>` is whole and verified, `<blobId>.part` is on its way here. Names of files never
 * reach the disk.
 */
export class FileStore {
  readonly #folder: string
  #isReady: Promise<void> | undefined

  /** @param folder of the account; made when it is first needed */
  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * Encrypts what comes into the store: on the disk when this resolves.
   *
   * @throws FastChatError `file_unusable` when `source` has not exactly `size` bytes; `disk_full`
   */
  async encrypt(
    source: AsyncIterable<Uint8Array>,
    { id, size }: { id: BlobId; size: number },
  ): Promise<BlobRef> {
    await this.#ready()
    const key = makeFileKey()
    const hash = createHash('sha256')
    await this.#write(id, encryptFile(source, { key, size }), bytes => hash.update(bytes))
    return { blob: id, key, size, blobSize: encryptedSize(size), sha256: hash.digest('base64url') }
  }

  /** The decrypted bytes of a file that is here. @throws FastChatError `bad_blob`, also when it is not here */
  async *decrypt({ blob, key, size }: Pick<BlobRef, 'blob' | 'key' | 'size'>): AsyncGenerator<Uint8Array> {
    yield* decryptFile(this.read(blob, 0), { key, size })
  }

  /** The encrypted bytes of a file that is here, from an offset on. */
  async *read(id: BlobId, from: number): AsyncGenerator<Uint8Array> {
    const file = await this.#open(id)
    try {
      yield* bytesOf(file, { from })
    } finally {
      await file.close()
    }
  }

  /** Whether a file is here, whole. */
  async has(id: BlobId): Promise<boolean> {
    return (await this.#sizeOf(id)) !== undefined
  }

  /** How much of a file has come so far. */
  async partSize(id: BlobId): Promise<number> {
    return (await this.#sizeOf(`${id}.part`)) ?? 0
  }

  /**
   * Adds to a file that is on its way here.
   *
   * @throws FastChatError `bad_blob` when more comes than it has; `disk_full`; what `source` throws, after which what has come
   *   is kept
   */
  async append(
    { blob, blobSize }: Pick<BlobRef, 'blob' | 'blobSize'>,
    source: AsyncIterable<Uint8Array>,
    onBytes: (have: number) => void,
  ): Promise<void> {
    await this.#ready()
    const file = await this.#create(`${blob}.part`, 0)
    try {
      let have = (await file.stat()).size
      for await (const bytes of source) {
        if (have + bytes.length > blobSize) throw damaged()
        await writeAll(file, { bytes, position: have })
        have += bytes.length
        onBytes(have)
      }
    } catch (error) {
      throw asDiskFull(error, 'write file') ?? error
    } finally {
      await file.close()
    }
  }

  /**
   * Verifies a file that has come, and takes it in.
   *
   * @throws FastChatError `bad_blob` when it is not the one that was announced: then it is gone
   */
  async complete({ blob, blobSize, sha256 }: Pick<BlobRef, 'blob' | 'blobSize' | 'sha256'>): Promise<void> {
    const part = `${blob}.part`
    const isRight = (await this.#sizeOf(part)) === blobSize && (await this.#hash(part)) === sha256
    if (!isRight) {
      await rm(join(this.#folder, part), { force: true })
      throw damaged()
    }
    await rename(join(this.#folder, part), join(this.#folder, blob))
    await flushFolder(this.#folder)
  }

  async remove(id: BlobId): Promise<void> {
    for (const name of [id, `${id}.part`]) await rm(join(this.#folder, name), { force: true })
  }

  /** Removes what no message needs: what a process left that was killed. What is young may still be on its way in. */
  async keepOnly(isNeeded: (id: BlobId) => boolean, { now }: { now: number }): Promise<void> {
    const names = await readdir(this.#folder).catch(() => [])
    for (const name of names) {
      const id = name.slice(0, 36)
      const stats = await lstat(join(this.#folder, name)).catch(() => undefined)
      if (!stats?.isFile() || now - stats.mtimeMs < YOUNG_MS) continue
      if (!NAME.test(name) || !isNeeded(id)) await rm(join(this.#folder, name), { force: true })
    }
  }

  async #write(
    id: BlobId,
    source: AsyncIterable<Uint8Array>,
    onBytes: (bytes: Uint8Array) => void,
  ): Promise<void> {
    const part = join(this.#folder, `${id}.part`)
    await rm(part, { force: true })
    const file = await this.#create(`${id}.part`, constants.O_EXCL)
    try {
      let position = 0
      for await (const bytes of source) {
        onBytes(bytes)
        await writeAll(file, { bytes, position })
        position += bytes.length
      }
      await file.sync()
    } catch (error) {
      await rm(part, { force: true })
      throw asDiskFull(error, 'write file') ?? error
    } finally {
      await file.close()
    }
    await rename(part, join(this.#folder, id))
    await flushFolder(this.#folder)
  }

  async #hash(name: string): Promise<Base64Url32> {
    const hash = createHash('sha256')
    for await (const bytes of this.read(name, 0)) hash.update(bytes)
    return hash.digest('base64url')
  }

  async #sizeOf(name: string): Promise<number | undefined> {
    try {
      const stats = await lstat(join(this.#folder, name))
      return stats.isFile() ? stats.size : undefined
    } catch (error) {
      if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined
      throw error
    }
  }

  async #open(name: string): Promise<FileHandle> {
    // Deno opens what a link leads to, whatever the flag says: `#sizeOf` knows files only.
    if ((await this.#sizeOf(name)) === undefined) throw damaged()
    return await open(join(this.#folder, name), constants.O_RDONLY | constants.O_NOFOLLOW)
  }

  async #create(name: string, flag: number): Promise<FileHandle> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | flag
    return await open(join(this.#folder, name), flags, 0o600)
  }

  #ready(): Promise<void> {
    this.#isReady ??= (async () => {
      await mkdir(this.#folder, { mode: 0o700 }).catch(error => {
        if (!hasCode(error, 'EEXIST')) throw error
      })
      await isPrivateFolder(this.#folder)
    })().catch(error => {
      // A disk that was full may have room the next time.
      this.#isReady = undefined
      throw asDiskFull(error, 'make folder') ?? error
    })
    return this.#isReady
  }
}

function damaged(): FastChatError {
  return new FastChatError('bad_blob', 'Cannot read file: it is not the one that was sent')
}
