/**
 * Defects put in on purpose: a harness that does not find them proves nothing. Each is a replacement of text in a copy of
 * the sources, and the fault that has to bring it to light.
 */
export interface Mutant {
  readonly name: string
  readonly what: string
  readonly fault: string
  readonly file: string
  readonly from: string
  readonly to: string
}

export const mutants: readonly Mutant[] = [
  {
    name: 'stored-before-insert',
    what: 'the server says `stored` before the database has the message, which gets it two seconds later',
    fault: 'kill-server',
    file: 'server/delivery/frames.ts',
    from: '      hub.outgoing\n        .store(message, mayStore)\n',
    to: `      connection.answerStored(id)
      new Promise(resolve => setTimeout(resolve, 2_000))
        .then(() => hub.outgoing.store(message, mayStore))
`,
  },
  {
    name: 'delete-before-ack',
    what: 'the server takes a message out of the database when it is delivered, not when it is acked',
    fault: 'kill-client',
    file: 'server/delivery/connection.ts',
    from: '      this.send(frame)\n',
    to: '      this.send(frame)\n      this.ack([message._id])\n',
  },
]
