import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { excerptAround, isCharacter, MAX_WORD_CHARS, rangesOf, wordsIn } from './words.ts'

const test = suite('core/words')

const words = (text: string) => wordsIn(text).map(({ word }) => word)

test('`wordsIn()` reads words without case and accents', () => {
  assert.equal(words('Are we ON for Saturday?'), ['are', 'we', 'on', 'for', 'saturday'])
  assert.equal(words('Übergröße à la Crème brûlée'), ['ubergrosse', 'a', 'la', 'creme', 'brulee'])
  assert.equal(words('Łódź, Søren, İstanbul, ΟΔΟΣ'), ['lodz', 'soren', 'istanbul', 'οδοσ'])
  assert.equal(words('cre\u0301me ｆｕｌｌ'), ['creme', 'full'])
  assert.equal(words('crag_photo-2.JPG'), ['crag', 'photo', '2', 'jpg'])
})

test('`wordsIn()` reads what is written without blanks by its characters', () => {
  assert.equal(words('東京に行く ok'), ['東', '京', 'に', '行', 'く', 'ok'])
  assert.equal(words('서울'), ['서', '울'])
  assert.equal(
    words('ごがつ'),
    ['ご', 'か\u3099', 'つ'].map(one => one.normalize('NFC')),
  )
  assert.equal(words('yes 👍🏽!'), ['yes', '👍'])
  assert.ok(isCharacter('東') && isCharacter('👍') && !isCharacter('e'))
})

test('`wordsIn()` reads nothing of controls, and cuts what is no word', () => {
  assert.equal(words('\u001b[2J \u202e \u200b … -- "'), ['2j'])
  assert.equal(words('cr\u00adag cr\u200bag'), ['crag', 'crag'])
  assert.equal(words('\ud800'), [])
  assert.is(words('x'.repeat(1000))[0]?.length, MAX_WORD_CHARS)
  assert.is(words('é'.repeat(1000))[0]?.length, MAX_WORD_CHARS)
})

test('`wordsIn()` says where a word stands, whatever the text is', () => {
  void fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), text => {
      let end = 0
      for (const word of wordsIn(text)) {
        assert.ok(word.start >= end && word.end > word.start && word.end <= text.length)
        assert.equal(words(text.slice(word.start, word.end)), [word.word])
        end = word.end
      }
    }),
  )
})

test('`rangesOf()` finds words where they stand', () => {
  assert.equal(rangesOf('Crème, creme', ['creme']), [
    { start: 0, end: 5 },
    { start: 7, end: 12 },
  ])
  assert.equal(rangesOf('anything', []), [])
})

test('`excerptAround()` shows what is around the first word, on one line', () => {
  const text = `${'before '.repeat(50)}\nthe needle\nis here ${'after '.repeat(50)}`
  const excerpt = excerptAround(text, { words: ['needle'], maxChars: 60 })
  assert.match(excerpt, /^….*the needle is here.*…$/)
  assert.ok(excerpt.length <= 62)
  assert.is(excerptAround('short\ntext', { words: [], maxChars: 60 }), 'short text')
  void fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.nat(80), (long, at) => {
      const found = wordsIn(long)
      const excerpt = excerptAround(long, { words: found.slice(at).map(({ word }) => word), maxChars: 40 })
      // No half of a character.
      assert.ok(!/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(excerpt))
    }),
  )
})

test.run()
