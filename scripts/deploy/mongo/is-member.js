// For mongosh: exit code 0 when this mongod is the primary, or a secondary of one.
const hello = db.hello()
quit(hello.isWritablePrimary || (hello.secondary && hello.primary) ? 0 : 1)
