// For mongosh, on a mongos, as an administrator, once, before the first server starts or while all are stopped. Why each key: README.md.
const name = 'fastchat'
sh.enableSharding(name)
sh.shardCollection(`${name}.users`, { _id: 'hashed' })
sh.shardCollection(`${name}.devices`, { _id: 'hashed' })
sh.shardCollection(`${name}.prekeys`, { deviceId: 'hashed' })
sh.shardCollection(`${name}.undelivered`, { _id: 'hashed' })
sh.shardCollection(`${name}.presence`, { _id: 'hashed' })
sh.shardCollection(`${name}.blobs`, { _id: 'hashed' })
sh.shardCollection(`${name}.groups`, { _id: 'hashed' })
sh.shardCollection(`${name}.rosterEvents`, { group: 1, epoch: 1 }, true)
// Attachments' bytes (GridFS).
sh.enableSharding(`${name}_blobs`)
sh.shardCollection(`${name}_blobs.blobs.chunks`, { files_id: 1, n: 1 }, true)
