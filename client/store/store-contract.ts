import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Store, StoreKey } from './store.ts'

/**
 * What every store must do. Run by the test of each one.
 *
 * @param createStore makes an empty store
 */
export function testStore(name: string, createStore: () => Store | Promise<Store>): void {
  const test = suite<{ store: Store }>(`store contract: ${name}`)
  test.before.each(async context => {
    context.store = await createStore()
  })
  test.after.each(({ store }) => store.close())

  test('`get()` gives what `put()` wrote, of every JSON type', ({ store }) => {
    const table = store.table<unknown>('t')
    const values = ['é\u0000\u2028', '', 0, -1.5, true, null, [1, [2]], { a: { b: [] } }]
    store.transaction(() => {
      for (const [n, value] of values.entries()) table.put(['v', n], value)
    })
    for (const [n, value] of values.entries()) assert.equal(table.get(['v', n]), value)
    assert.is(table.get(['v', 99]), undefined)
  })

  test('`get()` gives a copy when what it gave before was changed', ({ store }) => {
    const table = store.table<{ list: number[] }>('t')
    const value = { list: [1] }
    store.transaction(() => table.put(['k'], value))
    value.list.push(2)
    table.get(['k'])?.list.push(3)
    assert.equal(table.get(['k']), { list: [1] })
  })

  test('`put()` replaces and `delete()` removes, the latter also what is not there', ({ store }) => {
    const table = store.table<number>('t')
    store.transaction(() => {
      table.put(['k'], 1)
      table.put(['k'], 2)
      table.delete(['absent'])
    })
    assert.is(table.get(['k']), 2)
    store.transaction(() => table.delete(['k']))
    assert.is(table.get(['k']), undefined)
  })

  test('`put()` takes a value of 1 MB', ({ store }) => {
    const table = store.table<string>('t')
    const value = 'x'.repeat(1 << 20)
    store.transaction(() => table.put(['k'], value))
    assert.is(table.get(['k']), value)
  })

  test('`table()` keeps tables apart when one name begins with another', ({ store }) => {
    const one = store.table<number>('t')
    const two = store.table<number>('tt')
    store.transaction(() => {
      one.put(['k'], 1)
      two.put(['k'], 2)
    })
    assert.is(one.get(['k']), 1)
    assert.equal(values(one.range()), [1])
    assert.equal(values(two.range()), [2])
  })

  test('`table()` refuses a name that could be mistaken', ({ store }) => {
    for (const name of ['', 'a\0b', 'A', '-a']) assert.throws(() => store.table(name))
  })

  test('`put()` and `delete()` throw outside a transaction', ({ store }) => {
    const table = store.table<number>('t')
    assert.throws(() => table.put(['k'], 1), /no transaction/)
    assert.throws(() => table.delete(['k']), /no transaction/)
  })

  test('`put()` throws for a key that is neither string nor non-negative integer', ({ store }) => {
    const table = store.table<number>('t')
    for (const part of [-1, 0.5, Number.NaN, 2 ** 53]) {
      assert.throws(() => store.transaction(() => table.put(['k', part], 1)), /integer/)
    }
  })

  test('`transaction()` gives what its work returns', ({ store }) => {
    assert.is(
      store.transaction(() => 7),
      7,
    )
  })

  test('`transaction()` writes nothing when its work throws', ({ store }) => {
    const table = store.table<number>('t')
    store.transaction(() => table.put(['old'], 1))
    const boom = new Error('boom')
    const run = () =>
      store.transaction(() => {
        table.put(['old'], 2)
        table.put(['new'], 2)
        assert.is(table.get(['new']), 2)
        throw boom
      })
    assert.throws(run, (error: unknown) => error === boom)
    assert.is(table.get(['old']), 1)
    assert.is(table.get(['new']), undefined)
    store.transaction(() => table.put(['after'], 3))
    assert.is(table.get(['after']), 3)
  })

  test('`transaction()` within another undoes its own part alone when it throws', ({ store }) => {
    const table = store.table<number>('t')
    store.transaction(() => {
      table.put(['outer'], 1)
      const inner = () =>
        store.transaction(() => {
          table.put(['inner'], 1)
          throw new Error('inner')
        })
      assert.throws(inner, /inner/)
      store.transaction(() => table.put(['second'], 1))
    })
    assert.equal(keys(table.range()), [['outer'], ['second']])
  })

  test('`transaction()` refuses work that is not over when it returns, and writes nothing', ({ store }) => {
    const table = store.table<number>('t')
    const run = () => store.transaction(async () => table.put(['k'], 1))
    assert.throws(run, /synchronous/)
    assert.is(table.get(['k']), undefined)
  })

  const ordered: StoreKey[] = [
    ['a'],
    ['a', 0],
    ['a', 1],
    ['a', 9],
    ['a', 10],
    ['a', 256],
    ['a', 2 ** 53 - 1],
    ['a', ''],
    ['a', '\0'],
    ['a', '\0a'],
    ['a', 'b'],
    ['a', 'b', 0],
    ['a', 'b\0'],
    ['a', 'bb'],
    ['a', 'é'],
    ['a', '\u{1f600}'],
    ['aa'],
    ['b', 5],
  ]

  test('`range()` gives every key back in the order of the parts', ({ store }) => {
    const table = fill(store, ordered)
    assert.equal(keys(table.range()), ordered)
    assert.equal(keys(table.range({ reverse: true })), [...ordered].reverse())
  })

  test('`range()` keeps to prefix, after, before and limit, in both directions', ({ store }) => {
    const table = fill(store, ordered)
    const inA = ordered.filter(([first]) => first === 'a')
    const at = (key: StoreKey) => inA.findIndex(other => JSON.stringify(other) === JSON.stringify(key))
    assert.equal(keys(table.range({ prefix: ['a'] })), inA)
    assert.equal(keys(table.range({ prefix: ['a', 'b'] })), [
      ['a', 'b'],
      ['a', 'b', 0],
    ])
    assert.equal(keys(table.range({ prefix: ['none'] })), [])
    for (const reverse of [false, true]) {
      const expected = inA.slice(at(['a', 1]) + 1, at(['a', 'b']))
      if (reverse) expected.reverse()
      const options = { prefix: ['a'], after: ['a', 1], before: ['a', 'b'], reverse }
      assert.equal(keys(table.range(options)), expected)
      assert.equal(keys(table.range({ ...options, limit: 3 })), expected.slice(0, 3))
      assert.equal(keys(table.range({ ...options, limit: 0 })), [])
    }
    assert.equal(keys(table.range({ prefix: ['a'], after: ['a', '\u{1f600}'] })), [])
    assert.equal(keys(table.range({ prefix: ['a'], after: ['0'] })), inA)
    assert.equal(keys(table.range({ prefix: ['a'], before: ['z'] })), inA)
    assert.equal(keys(table.range({ after: ['aa'], before: ['aa'] })), [])
  })

  test('`range()` goes through a long table while the loop deletes and writes', ({ store }) => {
    const table = fill(
      store,
      Array.from({ length: 500 }, (_, n) => ['n', n]),
    )
    for (const reverse of [false, true]) {
      const seen: unknown[] = []
      store.transaction(() => {
        for (const { key } of table.range({ prefix: ['n'], reverse })) {
          seen.push(key[1])
          if (!reverse) table.put(key, -1)
          else table.delete(key)
        }
      })
      const expected = Array.from({ length: 500 }, (_, n) => n)
      assert.equal(seen, reverse ? expected.reverse() : expected)
    }
    assert.equal(keys(table.range()), [])
  })

  test('a table with secret keys gets, puts, deletes, and gives all of them by `range()`', ({ store }) => {
    const table = store.table<number>('s', { secretKeys: true })
    store.transaction(() => {
      table.put(['bob', 1], 1)
      table.put(['carol'], 2)
      table.put(['dave'], 3)
      table.delete(['carol'])
    })
    assert.is(table.get(['bob', 1]), 1)
    assert.is(table.get(['carol']), undefined)
    const all = [...table.range()].sort((a, b) => a.value - b.value)
    assert.equal(all, [
      { key: ['bob', 1], value: 1 },
      { key: ['dave'], value: 3 },
    ])
    assert.is([...table.range({ limit: 1 })].length, 1)
    assert.throws(() => [...table.range({ prefix: ['bob'] })], /no order/)
  })

  test.run()
}

function fill(store: Store, all: readonly StoreKey[]) {
  const table = store.table<number>('t')
  const shuffled = all.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? 1 : -1))
  store.transaction(() => {
    for (const key of shuffled) table.put(key, 0)
  })
  return table
}

function keys(entries: Iterable<{ key: StoreKey }>): StoreKey[] {
  return Array.from(entries, ({ key }) => key)
}

function values<T>(entries: Iterable<{ value: T }>): T[] {
  return Array.from(entries, ({ value }) => value)
}
