import { Buffer } from 'node:buffer'
import { inflateSync } from 'node:zlib'

export interface KittyImage {
  width: number
  height: number
  rgb: Uint8Array
}

export interface KittyPlacement {
  image: number
  placement: number
  /** Cells, from 0. */
  x: number
  y: number
  cols: number
  rows: number
}

/** A terminal with the kitty graphics protocol, as far as this program speaks it, and strict about it. */
export interface KittyModel {
  /** Takes what a program writes, in pieces of any size. */
  feed(bytes: string): void
  images: ReadonlyMap<number, KittyImage>
  placements(): KittyPlacement[]
  /** What a terminal would have refused. */
  complaints: readonly string[]
  /** How many pictures were sent. */
  transmitted(): number
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const PART = /\x1b_G([^;\x1b]*)(?:;([^\x1b]*))?\x1b\\|\x1b\[(\d*);?(\d*)H|\x1b\[2J|\x1b\[\?1049[hl]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const BEGUN = /\x1b(?:_[^\x1b]*\x1b?|\[[0-9;?]*)?$/

/** @param answer what a program is answered with */
export function createKittyModel(answer: (text: string) => void = () => undefined): KittyModel {
  const images = new Map<number, KittyImage>()
  let placements: KittyPlacement[] = []
  const complaints: string[] = []
  let loading: { id: number; width: number; height: number; data: string } | null = null
  let cursor = { x: 0, y: 0 }
  let rest = ''
  let count = 0

  function graphics(keys: Map<string, string>, payload: string): void {
    const action = keys.get('a')
    const id = Number(keys.get('i'))
    if (payload.length > 4096) complaints.push('a chunk is too long')
    if (loading && (action === undefined || action === 't')) {
      if (action === 't') complaints.push('a picture begins within another one')
      loading.data += payload
      if (keys.get('m') !== '1') finish()
      return
    }
    if (loading) complaints.push(`a=${action} within a picture that is being sent`)
    switch (action) {
      case 'q':
        answer(`\x1b_Gi=${id};OK\x1b\\`)
        return
      case 't':
        if (keys.get('f') !== '24' || keys.get('o') !== 'z') complaints.push('an unknown format')
        loading = { id, width: Number(keys.get('s')), height: Number(keys.get('v')), data: payload }
        if (keys.get('m') !== '1') finish()
        return
      case 'p': {
        if (!images.has(id)) complaints.push(`there is no picture ${id}`)
        const placement = Number(keys.get('p'))
        placements = placements.filter(one => one.image !== id || one.placement !== placement)
        placements.push({
          ...{ image: id, placement, ...cursor },
          ...{ cols: Number(keys.get('c')), rows: Number(keys.get('r')) },
        })
        return
      }
      case 'd': {
        const isWhole = keys.get('d') === 'I'
        const placement = Number(keys.get('p'))
        placements = placements.filter(one => one.image !== id || !(isWhole || one.placement === placement))
        if (isWhole) images.delete(id)
        return
      }
      default:
        // The end of one that was given up.
        return
    }
  }

  function finish(): void {
    if (!loading) return
    const { id, width, height, data } = loading
    loading = null
    try {
      const rgb = inflateSync(Buffer.from(data, 'base64'))
      if (rgb.length !== width * height * 3) throw new Error('another length')
      images.set(id, { width, height, rgb })
      count++
    } catch {
      // Not all of it was sent.
    }
  }

  return {
    images,
    complaints,
    placements: () => placements,
    transmitted: () => count,
    feed(bytes) {
      const all = rest + bytes
      const [begun = ''] = BEGUN.exec(all) ?? []
      rest = begun
      for (const match of all.slice(0, all.length - begun.length).matchAll(PART)) {
        const [whole, keys, payload = '', row, column] = match
        if (keys !== undefined) {
          graphics(new Map(keys.split(',').map(key => key.split('=') as [string, string])), payload)
        } else if (whole.endsWith('H')) {
          cursor = { x: Number(column || 1) - 1, y: Number(row || 1) - 1 }
        } else {
          // Wiping the screen takes the pictures with it.
          placements = []
          images.clear()
        }
      }
    },
  }
}
