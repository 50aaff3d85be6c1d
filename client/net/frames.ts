import * as v from 'valibot'
import { type ServerFrame, serverFrames } from '../../schema/frames.ts'

/** Frames of a server by `t`; null prototype so that a `t` such as "constructor" is only unknown. */
const schemas: Readonly<Record<string, v.GenericSchema<unknown, ServerFrame> | undefined>> = Object.assign(
  Object.create(null),
  serverFrames,
)
const Tagged = v.looseObject({ t: v.string() })

/**
 * Reads one frame of a server.
 *
 * @returns the frame; undefined when its `t` is not known (a newer server) or it is not what the protocol says: such a
 *   frame is left alone, since closing the socket would only bring it again.
 */
export function readFrame(text: string): ServerFrame | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const tagged = v.safeParse(Tagged, value)
  if (!tagged.success) return undefined
  const schema = schemas[tagged.output.t]
  if (!schema) return undefined
  const frame = v.safeParse(schema, value)
  return frame.success ? frame.output : undefined
}
