// What Node runs of the program: the same sources without their types, in a few files instead of two hundred. Loading them one
// by one through a hook takes Node three times as long. It is made by esbuild when the sources are others than the last time
// (about 0.3 s), and kept in `.build/`, which may be removed at any time. JavaScript, since Node runs no TypeScript.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'

const FOLDERS = ['client', 'schema', 'server', 'scripts']
const SOURCE = /\.(?:ts|mjs)$/
const NOT_RUN = /\.(?:test|fixture)\.ts$/
/** So many are kept: a server that runs may still load parts of the one that it began with. */
const KEPT = 10

/**
 * Makes sure that the program is built as its sources are now.
 *
 * @param {string} root the folder of package.json
 * @returns {Promise<string | undefined>} the path of what to import in the place of `scripts/fastchat.ts`; undefined when it
 *   cannot be made, for example where this user may not write: then the sources are run one by one
 */
export async function builtProgram(root) {
  try {
    const folder = join(root, '.build')
    const target = join(folder, stampOf(root))
    const program = join(target, 'scripts', 'fastchat.js')
    if (existsSync(program)) return program
    const made = `${target}.${process.pid}.tmp`
    try {
      await build(root, made)
      renameSync(made, target)
      removeOld(folder)
    } finally {
      rmSync(made, { recursive: true, force: true })
    }
    return program
  } catch {
    // Somebody else may have been first; else there is another way.
    const program = join(root, '.build', stampOf(root), 'scripts', 'fastchat.js')
    return existsSync(program) ? program : undefined
  }
}

/** Changes when a source does, or what it is built with. */
function stampOf(root) {
  const hash = createHash('sha256').update(process.version)
  const add = path => {
    const { mtimeMs, size } = statSync(path)
    hash.update(`${relative(root, path)} ${mtimeMs} ${size}\n`)
  }
  add(join(root, 'package.json'))
  add(join(root, 'tsconfig.json'))
  for (const folder of FOLDERS) {
    const below = listed(join(root, folder))
    for (const path of below.sort()) add(path)
  }
  return hash.digest('hex').slice(0, 32)
}

function listed(folder) {
  let names = []
  try {
    names = readdirSync(folder, { recursive: true })
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  return names.filter(name => SOURCE.test(name) && !NOT_RUN.test(name)).map(name => join(folder, name))
}

async function build(root, outdir) {
  const esbuild = await import('esbuild')
  mkdirSync(outdir, { recursive: true, mode: 0o700 })
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['scripts/fastchat.ts'],
    outbase: root,
    outdir,
    bundle: true,
    // Each command loads its own part, as it does of the sources.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.11',
    packages: 'external',
    sourcemap: 'linked',
    sourcesContent: false,
    keepNames: false,
    logLevel: 'silent',
    tsconfig: join(root, 'tsconfig.json'),
    plugins: [{ name: 'places', setup: build => build.onLoad({ filter: /\.ts$/ }, withPlaces) }],
  })
}

/** Files are found from where the source is, not from where it was built: workers, and package.json. */
function withPlaces({ path }) {
  const places = { url: pathToFileURL(path).href, filename: path, dirname: dirname(path) }
  const text = readFileSync(path, 'utf8')
  const contents = text.replace(/\bimport\.meta\.(url|filename|dirname)\b/g, (_, name) =>
    JSON.stringify(places[name]),
  )
  return { contents, loader: 'ts' }
}

function removeOld(folder) {
  const builds = readdirSync(folder).map(name => join(folder, name))
  const byAge = builds.map(path => ({ path, at: statSync(path).mtimeMs })).sort((a, b) => b.at - a.at)
  for (const { path } of byAge.slice(KEPT)) rmSync(path, { recursive: true, force: true })
}
