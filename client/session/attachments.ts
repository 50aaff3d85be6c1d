import { basename } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import type { FileContent } from '../../schema/content.ts'
import { FastChatError } from '../../schema/errors.ts'
import type { MessageId } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import type { MessageItem, Picture, SendFileRequest } from '../chat.ts'
import { encryptedSize } from '../crypto/file-cipher.ts'
import { nameToSend } from '../files/file-name.ts'
import type { FileStore } from '../files/file-store.ts'
import { mediaTypeOf } from '../files/media-type.ts'
import { saveFile } from '../files/save-file.ts'
import { openSourceFile, type SourceFile } from '../files/source-file.ts'
import type { PictureInfo } from '../image/inspect.ts'
import type { Connection } from '../net/connection.ts'
import type { Courier } from './courier.ts'
import { checkText, type OutgoingOptions, writeLine } from './outgoing.ts'
import type { FileRecord, OutboxRecord } from './records.ts'
import type { State } from './state.ts'
import { changeFile, findMessage } from './timeline.ts'
import type { Transfers } from './transfers.ts'

export interface AttachmentsOptions extends Omit<OutgoingOptions, 'courier'> {
  state: State
  files: FileStore
  transfers: Transfers
  courier: Pick<Courier, 'enqueue' | 'release' | 'drop' | 'awaiting'>
  connection: Pick<Connection, 'request'>
  pictures: Pictures
  report: (error: unknown) => void
}

/** What can be done with pictures; loaded when the first one is there. */
export interface Pictures {
  /** @throws FastChatError `bad_image` */
  inspect(bytes: Uint8Array): Promise<PictureInfo>
  /** @throws FastChatError `bad_image` */
  decode(bytes: Uint8Array, size: { maxWidth: number; maxHeight: number }): Promise<Picture>
}

/** Files of messages: sent, fetched, saved, looked at. */
export class Attachments {
  readonly #options: AttachmentsOptions
  readonly #uploading = new Set<MessageId>()

  constructor(options: AttachmentsOptions) {
    this.#options = options
    options.state.subscribe(event => {
      const isGone =
        event.type === 'item' && event.item.kind === 'message' && event.item.content.type === 'deleted'
      if (isGone || event.type === 'item-removed') this.#forget().catch(error => this.#report(error))
    })
  }

  /** Removes what a process left here that was killed. */
  async clear(now: number): Promise<void> {
    const { files, state } = this.#options
    const { tables } = state
    const offered = Array.from(tables.historyOffers.range(), ({ value }) => value.parts).flat()
    const needed = new Set(offered.map(({ blob }) => blob))
    await files.keepOnly(id => needed.has(id) || tables.fileOwners.get([id]) !== undefined, { now })
  }

  onOnline(): void {
    this.#options.transfers.onOnline()
    this.resume()
    this.#tellReceived().catch(error => this.#report(error))
    this.#forget().catch(error => this.#report(error))
  }

  /** Brings to a server what waits for it: after a start, and whenever something new does. */
  resume(): void {
    for (const record of this.#options.courier.awaiting()) {
      if (this.#uploading.has(record.id)) continue
      this.#uploading.add(record.id)
      this.#upload(record)
        .catch(error => this.#report(error))
        .finally(() => this.#uploading.delete(record.id))
    }
  }

  /** See `Chat.sendFile`. */
  async send(request: SendFileRequest): Promise<MessageItem> {
    if (request.caption !== undefined) checkText(request.caption)
    const before = request.id === undefined ? undefined : findMessage(this.#options.state.tables, request.id)
    if (before?.mine) return before
    const source = await openSourceFile(request.path, { maxBytes: limits.maxBlobBytes })
    try {
      if (encryptedSize(source.size) > limits.maxBlobBytes) {
        throw new FastChatError(
          'too_large',
          `Cannot send file: at most ${limits.maxBlobBytes} bytes are taken`,
        )
      }
      return await this.#write(source, request)
    } finally {
      await source.close()
    }
  }

  /** See `Chat.saveFile`. */
  async save({ id, folder }: { id: MessageId; folder: string }): Promise<{ path: string }> {
    const { files } = this.#options
    const { ref, name } = await this.#fetch(id)
    return await saveFile(files.decrypt(ref), { folder, name })
  }

  /** See `Chat.picture`. */
  async picture({ id, ...size }: { id: MessageId; maxWidth: number; maxHeight: number }): Promise<Picture> {
    const { files, pictures } = this.#options
    const { ref } = await this.#fetch(id)
    return await pictures.decode(await gather(files.decrypt(ref), ref.size), size)
  }

  async #write(source: SourceFile, request: SendFileRequest): Promise<MessageItem> {
    const { files } = this.#options
    const { to, path, caption, replyTo, id } = request
    const name = nameToSend(request.name ?? basename(path), { maxBytes: limits.maxFileNameBytes })
    const picture = await this.#pictureOf(source, request.as)
    const blob = uuidv7()
    const file = await files.encrypt(source.bytes(), { id: blob, size: source.size })
    const content: FileContent = {
      type: 'file',
      file,
      name,
      mediaType: picture?.mediaType ?? mediaTypeOf(name),
      ...(picture ? { image: { width: picture.width, height: picture.height } } : {}),
      ...(caption === undefined ? {} : { caption }),
    }
    try {
      const item = await writeLine(
        {
          ...{ to, content, awaits: blob },
          ...(replyTo === undefined ? {} : { replyTo }),
          ...(id === undefined ? {} : { id }),
        },
        this.#options,
      )
      this.resume()
      return item
    } catch (error) {
      await files.remove(blob)
      throw error
    }
  }

  /** What a picture is, when it is to be shown as one. */
  async #pictureOf(
    source: SourceFile,
    as: SendFileRequest['as'],
  ): Promise<(PictureInfo & { mediaType: string }) | undefined> {
    if (as === 'file') return undefined
    try {
      const info = await this.#options.pictures.inspect(await gather(source.bytes(), source.size))
      return { ...info, mediaType: `image/${info.format}` }
    } catch (error) {
      if (as === 'image' || !(error instanceof FastChatError && error.code === 'bad_image')) throw error
      return undefined
    }
  }

  async #upload(record: OutboxRecord): Promise<void> {
    const { transfers, courier, state } = this.#options
    const { content, id, to, conversation, awaits } = record
    if (content.type !== 'file' || awaits === undefined) return
    try {
      await transfers.upload({ ref: content.file, to }, { message: id, conversation })
      state.commit(tx => courier.release(tx, awaits))
    } catch (error) {
      // The session ends: the next one goes on.
      if (!(error instanceof FastChatError) || error.shouldRetry()) throw error
      const { blobSize: total } = content.file
      courier.drop(awaits, { code: error.code, message: error.message })
      state.emit({
        type: 'transfer',
        transfer: { message: id, conversation, direction: 'up', done: 0, total, state: 'failed' },
      })
    }
  }

  /** The file of a message, here. @throws FastChatError `unknown_message`, `not_found`, `bad_blob`, `no_server` */
  async #fetch(id: MessageId): Promise<FileRecord & { name: string }> {
    const { state, transfers, files } = this.#options
    const item = findMessage(state.tables, id)
    const record = state.tables.files.get([id])
    if (item?.content.type !== 'file') {
      throw new FastChatError('unknown_message', 'Cannot find file: there is no message with one of that id')
    }
    if (!record) {
      throw new FastChatError('bad_blob', 'Cannot fetch file: what its sender says of it cannot be true')
    }
    const { name } = item.content
    const { ref } = record
    if (await files.has(ref.blob)) return { ...record, name }
    const { conversation } = item
    try {
      await transfers.download(ref, { message: id, conversation })
    } catch (error) {
      const isGone = error instanceof FastChatError && error.code === 'not_found'
      if (isGone) state.commit(tx => changeFile(tx, { id, state: 'gone' }))
      const total = ref.blobSize
      state.emit({
        type: 'transfer',
        transfer: { message: id, conversation, direction: 'down', done: 0, total, state: 'failed' },
      })
      throw isGone ? gone() : error
    }
    state.commit(tx => {
      changeFile(tx, { id, state: 'here' })
      tx.tables.filesToTell.put([ref.blob], { blob: ref.blob })
    })
    this.#tellReceived().catch(error => this.#report(error))
    return { ...record, state: 'here', name }
  }

  /** Tells servers which files this device has: when all devices have one, it goes. */
  async #tellReceived(): Promise<void> {
    const { state, connection } = this.#options
    for (const { value } of [...state.tables.filesToTell.range()]) {
      const { blob: id } = value
      try {
        await connection.request((api, token) => api.blobs.received({ id, token }))
      } catch (error) {
        // Gone already, or another time.
        if (error instanceof FastChatError && error.shouldRetry()) return
        if (!(error instanceof FastChatError)) throw error
      }
      state.commit(tx => tx.tables.filesToTell.delete([id]))
    }
  }

  /** What is left of files whose messages are no more. */
  async #forget(): Promise<void> {
    const { state, files, transfers } = this.#options
    for (const { value } of [...state.tables.forgottenFiles.range()]) {
      await files.remove(value.blob)
      try {
        if (value.mine) await transfers.remove(value)
      } catch (error) {
        // Gone already, or another time.
        if (error instanceof FastChatError && error.shouldRetry()) continue
        if (!(error instanceof FastChatError)) throw error
      }
      state.commit(tx => tx.tables.forgottenFiles.delete([value.blob]))
    }
  }

  #report(error: unknown): void {
    if (!(error instanceof FastChatError)) this.#options.report(error)
  }
}

/** All of a file in memory. */
export async function gather(source: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size)
  let at = 0
  for await (const part of source) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes.subarray(0, at)
}

function gone(): FastChatError {
  return new FastChatError('not_found', 'Cannot fetch file: no server has it any more')
}
