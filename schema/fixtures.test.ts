import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from './errors.ts'
import { isValid } from './json-schema.fixture.ts'
import { jsonSchemas, wireSchemas } from './json-schema.ts'
import { parse } from './parse.ts'

interface Fixture {
  valid: unknown[]
  invalid: { why: string; value: unknown }[]
}

const test = suite('fixtures of every frame and body')
const folder = new URL('fixtures/', import.meta.url)
const schemas = jsonSchemas()
const fileOf = (name: string) => `${name.replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase()}.json`
const read = (name: string) => JSON.parse(readFileSync(new URL(fileOf(name), folder), 'utf8')) as Fixture

test('every frame and body has fixtures, valid and invalid, and there are no others', () => {
  const names = Object.keys(wireSchemas)
  for (const name of names) {
    assert.ok(existsSync(new URL(fileOf(name), folder)), `fixtures/${fileOf(name)}`)
    const { valid, invalid } = read(name)
    assert.ok(valid.length > 0 && invalid.length > 0, name)
  }
  const files = ['client', 'server', 'http'].flatMap(group =>
    readdirSync(new URL(`${group}/`, folder)).map(file => `${group}/${file}`),
  )
  assert.equal(files.sort(), names.map(fileOf).sort())
})

for (const [name, schema] of Object.entries(wireSchemas)) {
  test(`\`parse()\` and the JSON Schema accept the valid ${name}`, () => {
    for (const [index, value] of read(name).valid.entries()) {
      parse(schema, value, { what: `${name} ${index}` })
      assert.ok(isValid(schemas[name] as never, value), `${name} ${index}`)
    }
  })

  test(`\`parse()\` and the JSON Schema refuse the invalid ${name}`, () => {
    for (const { why, value } of read(name).invalid) {
      assert.throws(
        () => parse(schema, value, { what: name }),
        (error: unknown) => error instanceof FastChatError && error.code === 'bad_request',
        why,
      )
      assert.not(isValid(schemas[name] as never, value), why)
    }
  })
}

test('`parse()` drops fields of a newer peer, and its errors do not repeat what came', () => {
  const schema = wireSchemas['server/drained']
  assert.ok(schema)
  if (!schema) return
  assert.equal(parse(schema, { t: 'drained', newer: 1 }, { what: 'frame' }), { t: 'drained' })
  for (const [name, one] of Object.entries(wireSchemas)) {
    for (const { value } of read(name).invalid) {
      try {
        parse(one, value, { what: name })
      } catch (error) {
        const { message } = error as Error
        const quoted = typeof value === 'object' && value !== null ? Object.values(value) : [value]
        const secrets = quoted.filter((part): part is string => typeof part === 'string' && part.length > 12)
        assert.not(
          secrets.some(secret => message.includes(secret)),
          message,
        )
      }
    }
  }
})

test.run()
