import type { Answer } from '../input/answers.ts'
import type { Size } from '../model.ts'
import type { TerminalEnv } from '../theme.ts'
import type { Grid, PictureLayout } from '../view/canvas.ts'
import { askForKitty, forget, place, transmit, unplace } from './kitty.ts'
import { boxOf, type CellBox, isSamePlacement, type Placement, placementsOf } from './placements.ts'
import { pixelsOf, scaleDown } from './scale.ts'
import { createSender } from './sender.ts'
import { encodeSixel } from './sixel.ts'

/**
 * Pictures in pixels, where the terminal answers that it can: over the half-blocks of a grid, which stay below and are seen
 * until it has answered and the picture is ready, and whenever a picture is not wholly on the screen.
 */
export interface Graphics {
  /** What asks the terminal; empty where it is not to be asked. */
  readonly questions: string
  /** What asks again for what changes with the window. */
  readonly sizeQuestions: string
  /** Takes an answer in. Whether what is on the screen is to be drawn anew. */
  answer(answer: Answer): boolean
  /** Everything that was on the screen is going to be wiped. What is to be written before. */
  cleared(): string
  /**
   * A grid is going to be drawn.
   *
   * @returns what is to be written before, and the cells whose look is not known any more
   */
  begin(grid: Grid): { erase: string; unknown: CellBox[] }
  /** Cells of a row were written since `begin()`. */
  wrote(cells: { y: number; start: number; end: number }): void
  /** The grid was drawn: what draws the pictures over it. */
  end(): string
  /** Goes on sending what waits, when the terminal takes something again. */
  resume(): void
  /** What takes all pictures out of the terminal. */
  leave(): string
}

export interface GraphicsOptions {
  env: TerminalEnv
  /** No colours, no pictures. */
  hasColors: boolean
  size(): Size
  moveTo(x: number, y: number): string
  /** Writes to the terminal; false when it takes nothing at the moment, and `resume()` will be called. */
  write(text: string): boolean
  /** A picture has become ready: the grid is to be drawn again. */
  onReady(): void
}

/** A picture in the form in which the terminal takes it. */
interface Prepared {
  id: number
  state: 'preparing' | 'sending' | 'ready' | 'failed'
  /** Of sixel only. */
  sequence: string
}

interface Shown {
  placement: Placement
  /** Of kitty only. */
  number: number
}

/** Ids are the terminal's, whoever uses it: these are unlikely to be another program's. */
const FIRST_ID = 0x46430000
const IDS = 0xffff
/** Pictures that are kept ready, on the screen or not. */
const MAX_PREPARED = 16
/** What xterm has, and most others more. */
const DEFAULT_COLORS = 256

const ASK_SIZES = '\x1b[16t\x1b[14t'
const ASK_COLORS = '\x1b[?1;1;0S'
const ASK_ATTRIBUTES = '\x1b[c'

export function createGraphics(options: GraphicsOptions): Graphics {
  const isAsked = options.hasColors && mayDrawPixels(options.env)
  let ability: 'none' | 'kitty' | 'sixel' = 'none'
  let cell: { width: number; height: number } | null = null
  let hasOwnCellSize = false
  let colors = DEFAULT_COLORS
  let prepared = new Map<PictureLayout, Prepared>()
  /** The first one is the question's. */
  let nextId = 1
  let shown: Shown[] = []
  /** Of the grid that is being drawn: those that stay, and those that are to be drawn. */
  let kept: Shown[] = []
  let due: Shown[] = []
  let touched: CellBox[] = []
  const sender = createSender(options.write)

  function prepare(layout: PictureLayout): Prepared {
    const known = prepared.get(layout)
    if (known) {
      prepared.delete(layout)
      prepared.set(layout, known)
      return known
    }
    const fresh: Prepared = { id: FIRST_ID + (nextId++ % IDS), state: 'preparing', sequence: '' }
    prepared.set(layout, fresh)
    const work = ability === 'kitty' ? prepareKitty(fresh, layout) : prepareSixel(fresh, layout)
    work.catch(() => {
      fresh.state = 'failed'
    })
    return fresh
  }

  const isCurrent = (layout: PictureLayout, one: Prepared) => prepared.get(layout) === one

  async function prepareKitty(one: Prepared, layout: PictureLayout): Promise<void> {
    const { picture } = layout
    const { width, height } = picture
    const chunks = await transmit(one.id, { rgb: pixelsOf(picture), width, height })
    if (!isCurrent(layout, one)) return
    one.state = 'sending'
    sender.send(chunks, () => {
      one.state = 'ready'
      options.onReady()
    })
  }

  async function prepareSixel(one: Prepared, layout: PictureLayout): Promise<void> {
    if (!cell) return
    const size = {
      width: Math.floor(layout.cols * cell.width),
      height: Math.floor(layout.rows * cell.height),
    }
    one.sequence = await encodeSixel(scaleDown(layout.picture, size), { ...size, maxColors: colors })
    if (!isCurrent(layout, one)) return
    one.state = 'ready'
    options.onReady()
  }

  function drop(): string {
    shown = []
    // What sixel draws is gone with the cells, and what it is drawn with is here.
    if (ability !== 'kitty') return ''
    const out =
      sender.interrupt() +
      [...prepared.values()]
        .filter(isSent)
        .map(({ id }) => forget(id))
        .join('')
    sender.clear()
    prepared = new Map()
    return out
  }

  function evict(wanted: readonly Placement[]): string {
    let out = ''
    for (const [layout, { id, state }] of prepared) {
      if (prepared.size <= MAX_PREPARED) break
      if (state === 'sending' || wanted.some(placement => placement.layout === layout)) continue
      prepared.delete(layout)
      if (ability === 'kitty' && state === 'ready') out += forget(id)
    }
    return out
  }

  return {
    questions: isAsked ? askForKitty(FIRST_ID) + ASK_SIZES + ASK_COLORS + ASK_ATTRIBUTES : '',
    get sizeQuestions() {
      return ability === 'sixel' ? ASK_SIZES : ''
    },
    answer(answer) {
      if (!isAsked) return false
      switch (answer.type) {
        case 'kitty':
          if (!answer.isOk || answer.id !== FIRST_ID || ability === 'kitty') return false
          ability = 'kitty'
          return true
        case 'attributes':
          if (!answer.hasSixel || ability !== 'none') return false
          ability = 'sixel'
          return cell !== null
        case 'colors':
          colors = Math.max(2, Math.min(DEFAULT_COLORS, answer.count))
          return false
        case 'cell-size':
        case 'window-size': {
          if (answer.type === 'window-size' && hasOwnCellSize) return false
          hasOwnCellSize ||= answer.type === 'cell-size'
          const { cols, rows } = answer.type === 'cell-size' ? { cols: 1, rows: 1 } : options.size()
          const next = { width: answer.width / cols, height: answer.height / rows }
          const isOther = next.width !== cell?.width || next.height !== cell.height
          cell = next
          if (ability !== 'sixel' || !isOther) return false
          // Made for cells of another size.
          prepared = new Map()
          return true
        }
        default:
          return answer satisfies never
      }
    },
    cleared: drop,
    begin(grid) {
      const wanted = ability === 'none' ? [] : placementsOf(grid).filter(isDrawable)
      const ready = wanted.filter(({ layout }) => prepare(layout).state === 'ready')
      kept = shown.filter(({ placement }) => ready.some(one => isSamePlacement(one, placement)))
      let gone = shown.filter(one => !kept.includes(one))
      const unknown = ability === 'sixel' ? gone.map(({ placement }) => boxOf(placement)) : []
      due = ready
        .filter(one => !kept.some(({ placement }) => isSamePlacement(one, placement)))
        .map(placement => {
          // One that has moved keeps its number, and the terminal moves it.
          const old = gone.find(({ placement: { layout } }) => layout === placement.layout)
          gone = gone.filter(one => one !== old)
          return { placement, number: old?.number ?? freeNumber() }
        })
      let erase = ''
      for (const { placement, number } of ability === 'kitty' ? gone : []) {
        const one = prepared.get(placement.layout)
        if (one) erase += unplace(one.id, number)
      }
      touched = []
      erase += evict(wanted)
      return { erase: (erase || due.length > 0 ? sender.interrupt() : '') + erase, unknown }
    },
    wrote({ y, start, end }) {
      if (ability === 'sixel') touched.push({ x: start, y, cols: end - start, rows: 1 })
    },
    end() {
      // What was written over a sixel picture has taken a piece of it; kitty's are in a layer of their own.
      const drawn =
        ability === 'sixel' ? [...due, ...kept.filter(({ placement }) => isTouched(placement))] : due
      shown = [...kept, ...due]
      return drawn.map(draw).join('')
    },
    resume: sender.resume,
    leave: drop,
  }

  /** Below a sixel picture some terminals begin a new line, which would scroll the screen. */
  function isDrawable({ layout, y }: Placement): boolean {
    if (ability === 'kitty') return true
    return cell !== null && y + layout.rows < options.size().rows
  }

  function isTouched(placement: Placement): boolean {
    return touched.some(box => overlaps(box, boxOf(placement)))
  }

  function draw({ placement: { layout, x, y }, number }: Shown): string {
    const one = prepared.get(layout)
    if (!one) return ''
    const { cols, rows } = layout
    return options.moveTo(x, y) + (one.sequence || place(one.id, { placement: number, cols, rows }))
  }

  function freeNumber(): number {
    return 1 + (nextId++ % IDS)
  }
}

function isSent({ state }: Prepared): boolean {
  return state === 'sending' || state === 'ready'
}

function overlaps(a: CellBox, b: CellBox): boolean {
  return a.x < b.x + b.cols && b.x < a.x + a.cols && a.y < b.y + b.rows && b.y < a.y + a.rows
}

/**
 * Whether a terminal may be asked. Within tmux, screen or zellij pictures would go astray, and old terminals show what they do
 * not understand.
 */
export function mayDrawPixels(env: TerminalEnv): boolean {
  const { TERM: term = '' } = env
  if (env.TMUX || env.STY || env.ZELLIJ) return false
  return term !== '' && !/^(?:tmux|screen|linux|dumb|vt\d|ansi|cons)/.test(term)
}
