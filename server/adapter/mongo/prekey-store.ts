import type { Filter } from 'mongodb'
import type { PrekeyDocument } from '../../../schema/documents.ts'
import type { DeviceId } from '../../../schema/ids.ts'
import type { PrekeyStore } from '../../port/store.ts'
import type { Collections } from './collections.ts'
import { guarded, isOnlyDuplicates } from './errors.ts'

/** Null matches what is not there. */
const inStock = (deviceId: DeviceId): Filter<PrekeyDocument> => ({ deviceId, claimedAt: null as never })

export function createPrekeyStore({ prekeys }: Collections): PrekeyStore {
  return {
    add: documents =>
      guarded(async () => {
        if (documents.length === 0) return
        try {
          await prekeys.insertMany([...documents], { ordered: false })
        } catch (error) {
          if (!isOnlyDuplicates(error)) throw error
        }
      }),
    claim: deviceId =>
      guarded(async () => {
        const claimed = await prekeys.findOneAndUpdate(
          inStock(deviceId),
          { $currentDate: { claimedAt: true }, $unset: { prekey: '' } },
          { returnDocument: 'before' },
        )
        return claimed?.prekey ?? null
      }),
    removeDevice: deviceId =>
      guarded(async () => {
        await prekeys.deleteMany({ deviceId })
      }),
    count: (deviceId, { except = [] } = {}) =>
      guarded(() =>
        prekeys.countDocuments(
          except.length > 0 ? { ...inStock(deviceId), _id: { $nin: [...except] } } : inStock(deviceId),
        ),
      ),
    counts: deviceIds =>
      guarded(async () => {
        const groups = await prekeys
          .aggregate<{ _id: string; left: number }>([
            { $match: { deviceId: { $in: [...deviceIds] }, claimedAt: null } },
            { $group: { _id: '$deviceId', left: { $sum: 1 } } },
          ])
          .toArray()
        return new Map(groups.map(({ _id, left }) => [_id, Number(left)]))
      }),
  }
}
