import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { DEFAULT_SERVER, readEnvironment, readVersion } from './environment.ts'

const test = suite('environment')

test('`readEnvironment()` finds the home in FASTCHAT_HOME, else in the XDG data folder, else below the user', () => {
  const below = join(homedir(), '.local', 'share', 'fastchat')
  assert.is(readEnvironment({ FASTCHAT_HOME: '/f', XDG_DATA_HOME: '/x' }).home, '/f')
  assert.is(readEnvironment({ FASTCHAT_HOME: 'here' }).home, resolve('here'))
  assert.is(readEnvironment({ XDG_DATA_HOME: '/x' }).home, join('/x', 'fastchat'))
  assert.is(readEnvironment({ XDG_DATA_HOME: 'relative' }).home, below)
  assert.is(readEnvironment({ FASTCHAT_HOME: '' }).home, below)
})

test('`readEnvironment()` finds the config file in the XDG config folder, else below the user', () => {
  const below = join(homedir(), '.config', 'fastchat', 'config.toml')
  assert.is(readEnvironment({ XDG_CONFIG_HOME: '/c' }).configFile, join('/c', 'fastchat', 'config.toml'))
  assert.is(readEnvironment({ XDG_CONFIG_HOME: 'relative' }).configFile, below)
  assert.is(readEnvironment({}).configFile, below)
})

test('`readEnvironment()` splits FASTCHAT_SERVERS, and has one when it is empty', () => {
  assert.equal(readEnvironment({ FASTCHAT_SERVERS: ' ws://a:1, wss://b/x ,' }).servers, [
    'ws://a:1',
    'wss://b/x',
  ])
  assert.equal(readEnvironment({}).servers, [DEFAULT_SERVER])
  assert.equal(readEnvironment({ FASTCHAT_SERVERS: ' , ' }).servers, [DEFAULT_SERVER])
})

test('`readEnvironment()` throws bad_config for a server that is no URL of one', () => {
  for (const FASTCHAT_SERVERS of ['http://a', 'ws://', 'a:8080', 'ws://a,b']) {
    assert.throws(
      () => readEnvironment({ FASTCHAT_SERVERS }),
      (error: unknown) =>
        error instanceof FastChatError &&
        error.code === 'bad_config' &&
        /FASTCHAT_SERVERS/.test(error.message),
    )
  }
})

test('`readEnvironment()` has a password only when it is not empty', () => {
  assert.is(readEnvironment({ FASTCHAT_PASSWORD: 'x' }).password, 'x')
  assert.not('password' in readEnvironment({ FASTCHAT_PASSWORD: '' }))
})

test('`readVersion()` gives the version of package.json', () => {
  assert.match(readVersion(), /^\d+\.\d+\.\d+/)
})

test.run()
