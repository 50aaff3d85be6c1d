import type { PrekeyStore } from '../../port/store.ts'
import type { Collections } from './collections.ts'
import { guarded, isOnlyDuplicates } from './errors.ts'

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
    claim: deviceId => guarded(() => prekeys.findOneAndDelete({ deviceId })),
    removeDevice: deviceId =>
      guarded(async () => {
        await prekeys.deleteMany({ deviceId })
      }),
    count: (deviceId, { except = [] } = {}) =>
      guarded(() =>
        prekeys.countDocuments(except.length > 0 ? { deviceId, _id: { $nin: [...except] } } : { deviceId }),
      ),
    counts: deviceIds =>
      guarded(async () => {
        const groups = await prekeys
          .aggregate<{ _id: string; left: number }>([
            { $match: { deviceId: { $in: [...deviceIds] } } },
            { $group: { _id: '$deviceId', left: { $sum: 1 } } },
          ])
          .toArray()
        return new Map(groups.map(({ _id, left }) => [_id, Number(left)]))
      }),
  }
}
