/**
 * `fastchat` on a machine whose clock is wrong by FASTCHAT_CLOCK_OFF_MS: `Date` is another one before anything of ours
 * is loaded. For the fault "the clock of one server an hour off" only; nothing that ships imports it.
 */
const offMs = Number(process.env.FASTCHAT_CLOCK_OFF_MS)
const RealDate = Date

class SkewedDate extends RealDate {
  constructor(...args: [] | ConstructorParameters<DateConstructor>) {
    // Only "now" is wrong; a given time is what it is.
    if (args.length === 0) super(RealDate.now() + offMs)
    else super(...(args as [number]))
  }

  static override now(): number {
    return RealDate.now() + offMs
  }
}

globalThis.Date = SkewedDate as DateConstructor
await import('../../fastchat.ts')
