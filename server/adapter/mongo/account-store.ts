import type { AccountStore } from '../../port/store.ts'
import type { Collections } from './collections.ts'
import { guarded, inserted } from './errors.ts'

export function createAccountStore({ users, devices, settings }: Collections): AccountStore {
  return {
    loginSecret: candidate =>
      guarded(async () => {
        const found = await settings.findOne({ _id: 'login' })
        if (found) return found.secret
        if (await inserted(settings.insertOne({ _id: 'login', secret: candidate }))) return candidate
        return (await settings.findOne({ _id: 'login' }))?.secret ?? candidate
      }),
    createUser: user => guarded(() => inserted(users.insertOne(user))),
    findUser: userId => guarded(() => users.findOne({ _id: userId })),
    changePassword: (userId, { by, authHash, password, recovery }) =>
      guarded(async () => {
        const proof = by === 'password' ? { authHash } : { 'recovery.authHash': authHash }
        const { matchedCount } = await users.updateOne(
          { _id: userId, ...proof },
          {
            $set: { ...password, ...(recovery ? { recovery } : {}) },
            ...(by === 'recovery' && !recovery ? { $unset: { recovery: '' } } : {}),
          },
        )
        return matchedCount === 1
      }),
    accountKeys: userIds =>
      guarded(async () => {
        const found = await users
          .find({ _id: { $in: [...userIds] } }, { projection: { accountKey: 1 } })
          .toArray()
        return new Map(found.map(({ _id, accountKey }) => [_id, accountKey]))
      }),
    createDevice: device => guarded(() => inserted(devices.insertOne(device))),
    findDevice: deviceId => guarded(() => devices.findOne({ _id: deviceId })),
    findDevices: deviceIds => guarded(() => devices.find({ _id: { $in: [...deviceIds] } }).toArray()),
    activeDevices: (userIds, { at }) =>
      guarded(() =>
        devices
          .find({
            userId: { $in: [...userIds] },
            revokedAt: { $exists: false },
            prekeyExpiresAt: { $gt: at },
          })
          .sort({ _id: 1 })
          .toArray(),
      ),
    activeDeviceIds: (userIds, { at }) =>
      guarded(() =>
        devices
          .find(
            {
              userId: { $in: [...userIds] },
              revokedAt: { $exists: false },
              prekeyExpiresAt: { $gt: at },
            },
            { projection: { userId: 1, prekeyExpiresAt: 1 } },
          )
          .sort({ _id: 1 })
          .toArray(),
      ),
    devicesOf: userId =>
      guarded(() =>
        devices
          .find({ userId, revokedAt: { $exists: false } })
          .sort({ _id: 1 })
          .toArray(),
      ),
    setSignedPrekey: (deviceId, { signedPrekey, prekeyExpiresAt }) =>
      guarded(async () => {
        await devices.updateOne({ _id: deviceId }, { $set: { signedPrekey, prekeyExpiresAt } })
      }),
    setLabel: (deviceId, { userId, label }) =>
      guarded(async () => {
        const { matchedCount } = await devices.updateOne(
          { _id: deviceId, userId, revokedAt: { $exists: false } },
          label === undefined ? { $unset: { label: '' } } : { $set: { label } },
        )
        return matchedCount === 1
      }),
    revokeDevice: (deviceId, { userId, at }) =>
      guarded(async () => {
        const { matchedCount } = await devices.updateOne(
          { _id: deviceId, userId, revokedAt: { $exists: false } },
          { $set: { revokedAt: at } },
        )
        return matchedCount === 1
      }),
  }
}
