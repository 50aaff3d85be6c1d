import { runTui } from '../../client/tui/run.ts'

/** The terminal client over accounts that make it crash, by a throw or by a rejection (the first argument). */
const SECRET = 'secret text of a message'

const controller = new AbortController()
process.exit(
  await runTui({
    accounts: {
      list() {
        setTimeout(() => {
          if (process.argv[2] === 'throw') throw new Error(SECRET)
          void Promise.reject(new TypeError(SECRET))
        }, 500)
        return Promise.resolve([])
      },
      recover: () => Promise.reject(new Error('never asked')),
      changePassword: () => Promise.reject(new Error('never asked')),
      measure: () => Promise.resolve(),
      signUp: () => Promise.reject(new Error('never asked')),
      logIn: () => Promise.reject(new Error('never asked')),
      checkPassword: () => Promise.reject(new Error('no such')),
      resume: () => Promise.reject(new Error('never asked')),
    },
    terminal: process.env,
    stop: controller.signal,
  }),
)
