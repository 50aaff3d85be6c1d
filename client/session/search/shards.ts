import MiniSearch, { type SearchOptions, type SearchResult } from 'minisearch'
import { isCharacter, wordsIn } from '../../core/words.ts'

/** What of a message can be found. */
export interface Searchable {
  /** What was written: a text, or a file's name and caption. */
  text: string
  /** Who wrote it. */
  from: string
  /** Whom the conversation is with. */
  place: string
}
export type SearchField = keyof Searchable

/** A message that has all words. */
export interface Match<Id> {
  id: Id
  /** 0: each as it was written, 1: some only begin so, 2: some are like it; 3 more when it is only by a name. */
  rank: number
  /** The words of its text that were found. */
  words: string[]
}

interface Part extends Searchable {
  part: number
}

interface Shard {
  index: MiniSearch<Part>
  parts: number
}

interface Entry {
  of: Searchable
  parts: { shard: Shard; part: number }[]
}

/** So few that asking one of them takes a moment. */
const SHARD_PARTS = 500
/** A long text is taken in by parts of so many characters; all words of a query must be in one of them. */
const PART_CHARS = 4_000

/** Words as they are; the query is read the same way. */
const options = {
  idField: 'part',
  fields: ['text', 'from', 'place'],
  tokenize: (text: string) => wordsIn(text).map(({ word }) => word),
  processTerm: (word: string) => word,
}

/**
 * A full-text index in memory, in shards small enough that nothing done with one of them takes long. Whoever asks says when
 * the next one is asked, so nothing else waits.
 */
export class Shards<Id> {
  readonly #entries = new Map<Id, Entry>()
  readonly #byPart = new Map<number, Id>()
  #shards: Shard[] = []
  #lastPart = 0

  /** What is known of a message. */
  get(id: Id): Searchable | undefined {
    return this.#entries.get(id)?.of
  }

  /** Takes a message in, in as many steps as it has parts: between two of them something else may be done. */
  *add(id: Id, of: Searchable): Generator<number> {
    const entry: Entry = { of, parts: [] }
    this.#entries.set(id, entry)
    for (const text of partsOf(of.text)) {
      const shard = this.#openShard()
      const part = ++this.#lastPart
      shard.index.add({ ...of, text, part })
      shard.parts++
      entry.parts.push({ shard, part })
      this.#byPart.set(part, id)
      yield text.length
    }
  }

  /** Takes a message out: no word of it is left. */
  *remove(id: Id): Generator<number> {
    const entry = this.#entries.get(id)
    if (!entry) return
    this.#entries.delete(id)
    const texts = partsOf(entry.of.text)
    for (const [index, { shard, part }] of entry.parts.entries()) {
      const text = texts[index] ?? ''
      shard.index.remove({ ...entry.of, text, part })
      shard.parts--
      this.#byPart.delete(part)
      yield text.length
    }
    this.#shards = this.#shards.filter(({ parts }) => parts > 0)
  }

  /** Asks one shard after the other: a step each. */
  *find(
    query: string,
    { fields, isFuzzy }: { fields: readonly SearchField[]; isFuzzy: boolean },
  ): Generator<Match<Id>[]> {
    const words = [...new Set(wordsIn(query).map(({ word }) => word))]
    const runs = runsIn(query)
    const asked: SearchOptions = {
      fields: [...fields],
      combineWith: 'AND',
      prefix: word => word.length > 1 && !isCharacter(word),
      fuzzy: word => (isFuzzy ? typosIn(word) : false),
    }
    for (const { index } of [...this.#shards]) {
      const found: Match<Id>[] = []
      for (const result of index.search(query, asked)) {
        const id = this.#byPart.get(Number(result.id))
        const of = id === undefined ? undefined : this.get(id)
        if (id === undefined || !of || !holdsRuns(of, { runs, fields })) continue
        const inText = result.terms.filter(term => result.match[term]?.includes('text'))
        found.push({ id, rank: rankOf(result, { words, inText, isFuzzy }), words: inText })
      }
      yield found
    }
  }

  #openShard(): Shard {
    const last = this.#shards.at(-1)
    if (last && last.parts < SHARD_PARTS) return last
    const shard: Shard = { index: new MiniSearch<Part>(options), parts: 0 }
    this.#shards.push(shard)
    return shard
  }
}

/** Cut where a word ends, if one ends soon. */
function partsOf(text: string): string[] {
  const parts: string[] = []
  let start = 0
  while (text.length - start > PART_CHARS) {
    const blank = text.lastIndexOf(' ', start + PART_CHARS)
    const end = blank > start + PART_CHARS / 2 ? blank : start + PART_CHARS
    parts.push(text.slice(start, end))
    start = end
  }
  parts.push(text.slice(start))
  return parts
}

/** How many letters of a word may be other ones. */
function typosIn(word: string): number | false {
  if (isCharacter(word) || word.length < 4) return false
  return word.length < 8 ? 1 : 2
}

function rankOf(
  { terms }: SearchResult,
  { inText, ...how }: { words: readonly string[]; inText: readonly string[]; isFuzzy: boolean },
): number {
  const rank = rankIn(inText, how)
  return rank < MISSING ? rank : MISSING + rankIn(terms, how)
}

const MISSING = 3

/** The worst of the words; `MISSING` when one of them is not among these terms. */
function rankIn(
  terms: readonly string[],
  { words, isFuzzy }: { words: readonly string[]; isFuzzy: boolean },
): number {
  const ranks = words.map(word => {
    if (terms.includes(word)) return 0
    if (terms.some(term => term.startsWith(word))) return 1
    return isFuzzy && terms.length > 0 && typosIn(word) !== false ? 2 : MISSING
  })
  return Math.max(0, ...ranks)
}

/** Characters that stand together in a query without blanks: they must do so in a message. */
function runsIn(query: string): string[] {
  const runs: string[] = []
  let end = -1
  for (const { word, start, end: next } of wordsIn(query)) {
    if (!isCharacter(word)) continue
    if (start === end) runs.push(`${runs.pop() ?? ''}${word}`)
    else runs.push(word)
    end = next
  }
  return runs.filter(run => Array.from(run).length > 1)
}

function holdsRuns(
  of: Searchable,
  { runs, fields }: { runs: readonly string[]; fields: readonly SearchField[] },
): boolean {
  if (runs.length === 0) return true
  const held = fields.map(field => runsIn(of[field]).join(' '))
  return runs.every(run => held.some(text => text.includes(run)))
}
