/** For tests of the umask: `create-account.fixture.ts <home>` makes the home and an account "bob" in it. */
import { openHome } from './home-folder.ts'

const home = await openHome({ folder: process.argv[2] ?? '' })
await home.create({
  userId: 'bob',
  lock: { version: 1, userId: 'bob', accountKey: 'A'.repeat(43), wrapped: 'wrapped' },
  storageKey: new Uint8Array(32),
  fill: async () => undefined,
})
