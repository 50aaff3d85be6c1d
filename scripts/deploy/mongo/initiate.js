// For mongosh, on mongo1 and again and again: makes the replica set when there is none, then the users when there are
// none, then says by its exit code whether this mongod is well. MongoDB lets somebody on the same machine make the first
// user without a password, and nothing else.
const { MONGO_ADMIN_PASSWORD } = process.env
const UNAUTHORIZED = 13

const hello = db.hello()
if (hello.setName === undefined) {
  rs.initiate({
    _id: 'rs0',
    members: [
      // Preferred, since the users are made here.
      { _id: 0, host: 'mongo1:27017', priority: 2 },
      { _id: 1, host: 'mongo2:27017' },
      { _id: 2, host: 'mongo3:27017' },
    ],
  })
  quit(1)
}
if (hello.isWritablePrimary) {
  const admin = db.getSiblingDB('admin')
  try {
    admin.createUser({ user: 'admin', pwd: MONGO_ADMIN_PASSWORD, roles: ['root'] })
  } catch (error) {
    // It is there already.
    if (error.code !== UNAUTHORIZED) throw error
  }
  admin.auth('admin', MONGO_ADMIN_PASSWORD)
  load('/scripts/make-user.js')
}
quit(hello.isWritablePrimary || (hello.secondary && hello.primary) ? 0 : 1)
