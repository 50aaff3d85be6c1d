import { homedir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'
import { readDbFlags, readServeFlags } from './command-line.ts'
import { readEnvironment } from './environment.ts'
import { blobLimits, limitsWith } from './limits.ts'

const test = suite('configuration')

const refusal = (work: () => unknown): FastChatError => {
  try {
    work()
  } catch (error) {
    assert.instance(error, FastChatError)
    return error as FastChatError
  }
  throw new Error('it was accepted')
}

test('`readServeFlags()` has defaults, and reads each flag', () => {
  assert.equal(readServeFlags([]), {
    ...{ port: 8080, host: '127.0.0.1', url: undefined, dataDir: undefined },
    maxBlobBytes: undefined,
  })
  const argv = ['--port', '0', '--host=::1', '--url', 'https://chat.example.org/', '--data', '/tmp/x']
  argv.push('--max-blob-mib', '1024')
  assert.equal(readServeFlags(argv), {
    port: 0,
    host: '::1',
    url: 'wss://chat.example.org',
    dataDir: '/tmp/x',
    maxBlobBytes: 2 ** 30,
  })
  assert.is(readServeFlags(['--help']), undefined)
})

test('`readServeFlags()` refuses what it does not know with `usage`', () => {
  for (const argv of [
    ['--prot', '1'],
    ['extra'],
    ['--port'],
    ['--port', 'x'],
    ['--port', '65536'],
    ['--port', '-1'],
    ['--port', ''],
    ['--data', ''],
    ['--url', 'ftp://x'],
    ['--url', 'ws://a:b@x'],
    ['--url', 'ws://x?token=y'],
    ['--url', 'nonsense'],
    ['--max-blob-mib', '0'],
    ['--max-blob-mib', '1025'],
    ['--max-blob-mib', '2.5'],
  ]) {
    assert.is(refusal(() => readServeFlags(argv)).code, 'usage', argv.join(' '))
  }
})

test('`readDbFlags()` has defaults, and knows no `--url`', () => {
  assert.equal(readDbFlags([]), { port: 27019, host: '127.0.0.1', dataDir: undefined })
  assert.equal(readDbFlags(['--port', '1', '--data', 'd']), { port: 1, host: '127.0.0.1', dataDir: 'd' })
  assert.is(readDbFlags(['-h']), undefined)
  assert.is(refusal(() => readDbFlags(['--url', 'ws://x'])).code, 'usage')
})

test('`readEnvironment()` puts the data into XDG_DATA_HOME unless FASTCHAT_DATA says otherwise', () => {
  assert.is(readEnvironment({}).dataDir, join(homedir(), '.local', 'share', 'fastchat', 'server'))
  assert.is(readEnvironment({ XDG_DATA_HOME: '/x' }).dataDir, join('/x', 'fastchat', 'server'))
  assert.is(readEnvironment({ XDG_DATA_HOME: '/x', FASTCHAT_DATA: '/y' }).dataDir, '/y')
})

test('`readEnvironment()` takes an empty variable for none', () => {
  assert.equal(
    readEnvironment({
      ...{ MONGODB_URI: '', FASTCHAT_DATA: '', FASTCHAT_LOG: '', FASTCHAT_TRUST_PROXY: '' },
      FASTCHAT_MAX_BLOB_MIB: '',
    }),
    readEnvironment({}),
  )
  assert.is(readEnvironment({}).mongodbUri, undefined)
  assert.is(readEnvironment({}).logLevel, 'warn')
  assert.is(readEnvironment({}).trustProxy, false)
})

test('`readEnvironment()` names the variable that is wrong, never its value', () => {
  const wrong = {
    ...{ MONGODB_URI: 'postgres://pass', FASTCHAT_LOG: 'pass', FASTCHAT_TRUST_PROXY: 'pass' },
    FASTCHAT_MAX_BLOB_MIB: 'pass',
  }
  for (const [name, value] of Object.entries(wrong)) {
    const error = refusal(() => readEnvironment({ [name]: value }))
    assert.is(error.code, 'bad_config')
    assert.match(error.message, name)
    assert.not.match(error.message, 'pass')
  }
  assert.is(readEnvironment({ MONGODB_URI: 'mongodb+srv://h' }).mongodbUri, 'mongodb+srv://h')
})

test('`FASTCHAT_MAX_BLOB_MIB` is from 1 to 1,024, and nothing says the default', () => {
  assert.is(readEnvironment({ FASTCHAT_MAX_BLOB_MIB: '1' }).maxBlobBytes, 1024 * 1024)
  assert.is(readEnvironment({ FASTCHAT_MAX_BLOB_MIB: '1024' }).maxBlobBytes, 1024 ** 3)
  assert.is(readEnvironment({}).maxBlobBytes, undefined)
  for (const wrong of ['0', '1025', '-1', '1.5', '1e3', ' 7', '10000']) {
    assert.is(refusal(() => readEnvironment({ FASTCHAT_MAX_BLOB_MIB: wrong })).code, 'bad_config', wrong)
  }
})

test('`blobLimits()` lets an account have ten of the largest attachments', () => {
  assert.equal(blobLimits(undefined), {})
  assert.equal(blobLimits(limits.maxBlobBytes), {
    maxBlobBytes: limits.maxBlobBytes,
    maxBlobBytesPerUser: limits.maxBlobBytesPerUser,
  })
  assert.is(blobLimits(2 ** 30).maxBlobBytesPerUser, 10 * 2 ** 30)
})

test('`limitsWith()` changes what is given and nothing else', () => {
  assert.equal(limitsWith({ maxDevices: 2 }), { ...limits, maxDevices: 2 })
})

test.run()
