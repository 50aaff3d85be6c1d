/**
 * `node --import tsx scripts/readme-keys.ts` writes the keys of the chat into client/README.md, between two marks: out of the same
 * tables that act on them and that F1 shows.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import {
  type Binding,
  bindings,
  blockedBindings,
  deviceBindings,
  findBindings,
  groupBindings,
  keysText,
  type PlaceBinding,
  selectionBindings,
  verifyBindings,
} from '../client/tui/keys.ts'

const README = fileURLToPath(new URL('../client/README.md', import.meta.url))
const BEGIN = '<!-- keys: made by scripts/readme-keys.ts -->'
const END = '<!-- end of keys -->'

type Shown = Pick<Binding, 'keys' | 'shown' | 'does' | 'action'>

/** The section as it should be. */
export function keysSection(): string {
  const groups = [...new Set((bindings as readonly Binding[]).map(({ group }) => group))]
  const places: [string, readonly PlaceBinding[]][] = [
    ['Selected message: `[keys.selected]`', selectionBindings],
    ['Searching in a conversation: `[keys.find]`', findBindings],
    ['Members of a group (`/admin`): `[keys.members]`', groupBindings],
    ['Your devices (`/devices`): `[keys.devices]`', deviceBindings],
    ['Safety number (`/verify`): `[keys.verify]`', verifyBindings],
    ['Blocked people (`/blocked`): `[keys.blocked]`', blockedBindings],
  ]
  const sections: [string, readonly Shown[]][] = [
    ...groups.map(
      group =>
        [group, (bindings as readonly Binding[]).filter(binding => binding.group === group)] as [
          string,
          Shown[],
        ],
    ),
    ...places,
  ]
  const rows = sections.flatMap(([title, shown]) => [
    `| **${title}** | | |`,
    ...shown.map(
      binding => `| ${keysText(binding).replaceAll('|', '\\|')} | ${binding.does} | \`${binding.action}\` |`,
    ),
  ])
  return ['| key | what it does | name |', '|---|---|---|', ...rows].join('\n')
}

/**
 * A README with the section as it should be.
 *
 * @throws {Error} when it has not the two marks
 */
export function withKeys(readme: string): string {
  const [before, rest] = readme.split(BEGIN)
  const [, after] = rest?.split(END) ?? []
  if (before === undefined || after === undefined)
    throw new Error(`Cannot find ${BEGIN} … ${END} in the README`)
  return `${before}${BEGIN}\n\n${keysSection()}\n\n${END}${after}`
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(README, withKeys(readFileSync(README, 'utf8')))
}
