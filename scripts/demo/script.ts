import type { ConversationId } from '../../client/chat.ts'
import type { MessageId } from '../../schema/ids.ts'
import type { DemoWorld } from './people.ts'
import type { Tour } from './tour.ts'

/** What is shown, in this order. Alice's keys are pressed by the tour, Bob is here in person. */
export async function showTour(tour: Tour, world: DemoWorld): Promise<void> {
  await tour.sees('●')
  await tour.says(
    'This is FastChat itself: the terminal of Alice. Bob is elsewhere, a server stands between them.',
  )
  for (const show of [writing, answering, picture, group, switching, searching, outage, trust]) {
    await show(tour, world)
  }
  await tour.says('F1 shows all keys and commands. The tour ends here.')
  await tour.presses('f1')
  await tour.looks(2500)
}

async function writing(tour: Tour, { bob }: DemoWorld): Promise<void> {
  await tour.says('A person is found by name: /msg bob and Enter.')
  await tour.enters('/msg bob')
  await tour.sees('message bob')
  await tour.says('Messages are encrypted here and decrypted there. ✓ a server has it, ✓✓ Bob has it.')
  await tour.enters('are we on for saturday?')
  await tour.sees('saturday? ✓✓')
  await tour.looks()
  const conversation = await bobsWith(bob, 'alice')
  await bob.accept({ conversation })
  await bob.typing({ conversation, isTyping: true })
  await tour.sees('bob is typing')
  await tour.looks()
  await bob.send({ to: 'alice', text: 'yes! crag at nine, I bring the rope 🧗' })
  await tour.sees('the rope')
  await tour.looks()
}

async function answering(tour: Tour, { bob }: DemoWorld): Promise<void> {
  await tour.says('Shift-Up selects a message, R replies to it.')
  await tour.presses('shift-up')
  await tour.looks(800)
  await tour.presses('r')
  await tour.sees('reply to bob')
  await tour.enters('nine it is, I bring the tea')
  await tour.sees('the tea ✓✓')
  await tour.says('Shift-Up and X react.')
  await tour.presses('shift-up', 'up', 'x')
  await tour.looks(800)
  await tour.types('heart')
  await tour.presses('enter')
  await tour.sees('❤')
  await tour.presses('escape')
  const conversation = await bobsWith(bob, 'alice')
  const [last] = await bob.history({ conversation, limit: 1 })
  if (last?.kind === 'message') await bob.react({ id: last.id as MessageId, emoji: '🍵' })
  await tour.sees('🍵')
  await tour.looks()
}

async function picture(tour: Tour, { bob, picture: path }: DemoWorld): Promise<void> {
  await tour.says(
    'Pictures are shown in the terminal: in pixels where it can, else in half-blocks. Bob sends one.',
  )
  await bob.sendFile({ to: 'alice', path, as: 'image', caption: 'from last year' })
  await tour.sees('▀▀▀▀')
  await tour.looks(3000)
}

async function group(tour: Tour, { bob }: DemoWorld): Promise<void> {
  await tour.says('A group: only its admins change who is in it, and every client checks that for itself.')
  await tour.enters('/group create climbing Climbing @bob')
  await tour.sees('Climbing (2)')
  await tour.presses('escape')
  await tour.enters('who is in for a weekend at the lake?')
  await tour.sees('lake? ✓✓')
  await bob.send({ to: '#climbing', text: 'me, me, me 🏕️' })
  await tour.sees('me, me')
  await tour.looks()
}

async function switching(tour: Tour): Promise<void> {
  await tour.says('Ctrl-K goes to any conversation, with a few letters of its name.')
  await tour.presses('ctrl-k')
  await tour.looks(800)
  await tour.types('bo')
  await tour.looks(800)
  await tour.presses('enter')
  await tour.sees('message bob')
}

async function searching(tour: Tour): Promise<void> {
  await tour.says('Ctrl-F searches here, twice in all conversations. The index never leaves this machine.')
  await tour.presses('ctrl-f')
  await tour.types('rope')
  await tour.sees(/rope.*\n[\s\S]*rope/)
  await tour.looks()
  await tour.presses('ctrl-f')
  await tour.looks(2000)
  await tour.presses('escape', 'escape', 'escape')
  await tour.sees('message bob')
}

async function outage(tour: Tour, { stopServer, startServer }: DemoWorld): Promise<void> {
  await tour.says('Now the server is stopped. What Alice writes meanwhile is kept on her disk.')
  await stopServer()
  await tour.sees('Offline')
  await tour.enters('still there?')
  await tour.sees('there? ·')
  await tour.looks()
  await tour.says('It is started again: the client finds it by itself and sends what waits.')
  await startServer()
  await tour.sees('there? ✓✓')
  await tour.looks()
}

async function trust(tour: Tour): Promise<void> {
  await tour.says(
    'Is it really Bob? Both compare this number, or one scans the code: then no server can stand between.',
  )
  await tour.enters('/verify')
  await tour.sees('Safety number with bob')
  await tour.looks(3000)
  await tour.presses('v')
  await tour.sees('✓ verified')
  await tour.looks()
  await tour.presses('escape')
}

/** Bob's conversation with somebody, once it has reached him. */
async function bobsWith(bob: DemoWorld['bob'], user: string): Promise<ConversationId> {
  return (await bob.open({ with: user })).id
}
