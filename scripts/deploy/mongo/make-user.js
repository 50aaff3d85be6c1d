// For mongosh, as an administrator: the database user of the servers, with what they need and no more.
//   FASTCHAT_DB_PASSWORD=… mongosh 'mongodb://…' --file make-user.js
const fastchat = db.getSiblingDB('fastchat')
const roles = [
  // Documents, collections and indexes, and the change stream on the database …
  { role: 'readWrite', db: 'fastchat' },
  // … and changing a collection's validator, which a new version may do when it starts.
  { role: 'fastchatValidators', db: 'fastchat' },
  // Encrypted attachments, in a database that no change stream watches.
  { role: 'readWrite', db: 'fastchat_blobs' },
]
if (!fastchat.getRole('fastchatValidators')) {
  fastchat.createRole({
    role: 'fastchatValidators',
    privileges: [{ resource: { db: 'fastchat', collection: '' }, actions: ['collMod'] }],
    roles: [],
  })
}
if (!fastchat.getUser('fastchat')) {
  fastchat.createUser({ user: 'fastchat', pwd: process.env.FASTCHAT_DB_PASSWORD, roles })
}
