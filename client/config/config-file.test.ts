import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { actionOf } from '../tui/keymap.ts'
import { actionIn } from '../tui/keys.ts'
import { defaultPreferences } from '../tui/preferences.ts'
import { lookOf } from '../tui/theme.ts'
import { readConfigFile } from './config-file.ts'

const test = suite<{ folder: string; path: string }>('config file')

test.before.each(context => {
  context.folder = mkdtempSync(join(tmpdir(), 'fastchat-config-'))
  context.path = join(context.folder, 'config.toml')
})
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }))

async function refusal(path: string, content: string | Uint8Array): Promise<string> {
  writeFileSync(path, content)
  const error = await readConfigFile(path).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.instance(error, FastChatError, String(content))
  assert.is((error as FastChatError).code, 'bad_config')
  return (error as FastChatError).message
}

test('`readConfigFile()` has the defaults when there is no file, and for what a file does not say', async ({
  path,
}) => {
  assert.is(await readConfigFile(path), defaultPreferences)
  assert.is(await readConfigFile(join(path, 'below', 'nothing')), defaultPreferences)
  writeFileSync(path, '# nothing\n')
  assert.equal(await readConfigFile(path), defaultPreferences)
})

test('`readConfigFile()` reads theme, keys, vim and lock', async ({ path }) => {
  writeFileSync(
    path,
    `theme = "mine"
vim = true
lock-after = "15m"

[keys]
next-unread = ["ctrl-x", "F5"]
quit = []
selected.reply = "q"

[themes.mine]
base = "light"
mine = { color = "#88c0d0", bold = true }
selected = { color = 16, background = 254 }
`,
  )
  const { theme, themes, keymap, isVim, lockAfterMs } = await readConfigFile(path)
  assert.is(theme, 'mine')
  const mine = themes[theme]
  assert.equal(lookOf('mine', 256, mine), { color: { rgb: 0x88c0d0 }, bold: true })
  assert.equal(lookOf('selected', 256, mine), { color: 16, bgColor: 254 })
  assert.equal(lookOf('theirs', 256, mine), lookOf('theirs', 256, themes.light))
  assert.is(isVim, true)
  assert.is(lockAfterMs, 900_000)
  assert.is(actionOf(keymap, 'ctrl-x'), 'next-unread')
  assert.is(actionOf(keymap, 'f5'), 'next-unread')
  assert.is(actionOf(keymap, 'ctrl-q'), undefined)
  assert.is(actionIn(keymap.selected, 'q'), 'reply')
})

test('`readConfigFile()` throws bad_config with the line and the key of what cannot be', async ({ path }) => {
  const cases: [string, RegExp][] = [
    ['theme = "x"', /line 1, theme: there is no such theme; there are dark, light/],
    ['\n\ntheme = 1', /line 3, theme: the name of a theme/],
    ['vim = "yes"', /line 1, vim: true or false/],
    ['\ncolour = 1', /line 2, colour: there is no such setting/],
    ['lock-after = "soon"', /line 1, lock-after: a time is wanted/],
    ['lock-after = "9s"', /line 1, lock-after: .*10 seconds at least/],
    ['lock-after = "8d"', /line 1, lock-after: .*7 days at most/],
    ['[keys]\nqit = "ctrl-x"', /line 2, keys.qit: there is no such action; there are previous-conversation/],
    ['[keys]\nquit = "ctrl-c"', /line 2, keys.quit: "ctrl-c": Ctrl-C stays/],
    ['[keys]\nquit = ["f2", "foo"]', /line 2, keys.quit: "foo": there is no such key/],
    ['[keys]\nquit = "f2"\nhelp = "F2"', /line 3, keys.help: "F2" is the key of quit already/],
    ['[keys]\nquit = 5', /line 2, keys.quit: a key, or a list of keys/],
    ['[keys.nowhere]\nquit = "f2"', /line 1, keys.nowhere: there is no such place; there are chat, selected/],
    ['[keys.selected]\nreplay = "q"', /line 2, keys.selected.replay: there is no such action/],
    [`[keys]\nquit = [${'"f2",'.repeat(9)}]`, /line 2, keys.quit: an action may have 8 keys at most/],
    ['[themes.dark]\ndash = { color = 1 }', /line 1, themes.dark: this theme is there already/],
    ['[themes.Mine]\n', /line 1, themes.Mine: a theme’s name/],
    ['[themes.mine]\nbase = "night"', /line 2, themes.mine.base: there is no such theme/],
    ['[themes.mine]\nqr = { color = 1 }', /line 2, themes.mine.qr: there is no such setting/],
    ['[themes.mine]\ndash = { color = 256 }', /line 2, themes.mine.dash.color: a colour is/],
    ['[themes.mine]\ndash = { color = "red" }', /line 2, themes.mine.dash.color: a colour is/],
    ['[themes.mine]\ndash = { colour = 1 }', /line 2, themes.mine.dash.colour: there is no such setting/],
    ['[themes.mine]\ndash = 5', /line 2, themes.mine.dash: a style is a table/],
    ['themes = 5', /line 1, themes: a table is wanted/],
    [Array.from({ length: 33 }, (_, at) => `[themes.t${at}]`).join('\n'), /themes: there may be 32 themes/],
    ['theme = "dark"\nvim = ', /line 2: /],
    ['vim = true\nvim = true', /line 2: /],
  ]
  for (const [content, message] of cases) {
    const said = await refusal(path, content)
    assert.match(said, message)
    assert.ok(said.startsWith(`Cannot read ${path}: `), said)
  }
})

test('`readConfigFile()` throws bad_config for what is no text file of a person', async ({
  folder,
  path,
}) => {
  assert.match(await refusal(path, new Uint8Array([0x76, 0xff, 0xfe])), /not UTF-8/)
  assert.match(await refusal(path, '#'.repeat(64 * 1024 + 1)), /longer than 64 KiB/)
  const below = join(folder, 'folder.toml')
  mkdirSync(below)
  const pipe = join(folder, 'pipe.toml')
  execFileSync('mkfifo', [pipe])
  for (const none of [below, pipe]) {
    const error = await readConfigFile(none).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    assert.instance(error, FastChatError)
    assert.match(String(error), 'it is no file')
  }
})

test('`readConfigFile()` refuses `__proto__` wherever it stands, and leaves the prototype alone', async ({
  path,
}) => {
  for (const content of [
    '\n__proto__.vim = true',
    '\n[__proto__]\nvim = true',
    '\n[themes.__proto__]\nbase = "dark"',
    '\n[[themes."__proto__"]]',
    '\n[keys.__proto__]\nquit = "f2"',
    '[themes.mine]\ndash = { __proto__.bold = true }',
    'theme = [\n[{ __proto__ = { vim = true } }]]',
  ]) {
    assert.match(await refusal(path, content), /line 2: there is no setting __proto__/)
  }
  assert.is(({} as { vim?: boolean }).vim, undefined)
})

test('`readConfigFile()` throws bad_config for what is nested too deeply', async ({ path }) => {
  for (const depth of [3_000, 30_000])
    assert.match(await refusal(path, `vim = ${'['.repeat(depth)}${']'.repeat(depth)}`), /^Cannot read /)
})

test('`readConfigFile()` leaves Ctrl-C the way out, whatever keys are taken from it', async ({ path }) => {
  for (const keys of ['[]', '"f2"']) {
    writeFileSync(path, `[keys]\ninterrupt = ${keys}\nquit = []\n`)
    const { keymap } = await readConfigFile(path)
    assert.is(actionOf(keymap, 'ctrl-c'), 'interrupt')
  }
})

test.run()
