import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { argon2id } from './argon2.ts'
import { utf8 } from './bytes.ts'
import { refused } from './people.fixture.ts'

const test = suite('argon2')
const request = (memorySize: number) => ({
  password: new Uint8Array(utf8('correct horse')),
  salt: new Uint8Array(16),
  ...{ memorySize, iterations: 1, parallelism: 1 },
})

test('`argon2id()` gives 32 bytes, and leaves no password behind', async () => {
  const asked = request(64)
  assert.is((await argon2id(asked)).byteLength, 32)
  assert.is(asked.password.byteLength, 0)
})

test('`argon2id()` fails without a word of the password when its thread cannot', async () => {
  for (const memorySize of [0, 2 ** 31]) {
    const error = await refused(argon2id(request(memorySize)), 'internal')
    assert.not.ok(`${error.message} ${error.stack}`.includes('correct horse'))
  }
})

test.run()
