/** The ceiling of the stack: hands messages on in memory, checks and keeps nothing. Prints its URL. */
import { serve } from '@hono/node-server'
import { createNodeWebSocket } from '@hono/node-ws'
import { Hono } from 'hono'
import type { WSContext } from 'hono/ws'

const app = new Hono()
const { injectWebSocket, upgradeWebSocket } = createNodeWebSocket({ app })
const sockets = new Map<string, WSContext>()

app.get(
  '/:name',
  upgradeWebSocket(context => {
    const name = context.req.param('name') ?? ''
    return {
      onOpen: (_, socket) => void sockets.set(name, socket),
      onMessage({ data }, socket) {
        const text = String(data)
        const { id, to } = JSON.parse(text) as { id: string; to: { user: string } }
        sockets.get(to.user)?.send(text)
        socket.send(JSON.stringify({ t: 'stored', ids: [id] }))
      },
      onClose: () => void sockets.delete(name),
    }
  }),
)

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
  process.stdout.write(`ws://127.0.0.1:${port}\n`)
})
injectWebSocket(server)
