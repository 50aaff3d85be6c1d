interface LockEntry {
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

/** As much of package-lock.json (version 3) as this check reads. */
export interface Lock {
  packages: Record<string, LockEntry>
}

/**
 * Whether `npm ci` will accept the lock file: package.json's dependencies are the lock's, and every package that is
 * only for another platform has its entry. npm leaves such an entry out when it cannot see the package while it writes
 * the lock, and then refuses its own work everywhere.
 *
 * @returns one line per complaint
 */
export function checkLock(manifest: LockEntry, { packages }: Lock): string[] {
  const drifted = (['dependencies', 'devDependencies'] as const).flatMap(kind => {
    const wanted = manifest[kind] ?? {}
    const locked = packages['']?.[kind] ?? {}
    return [...new Set([...Object.keys(wanted), ...Object.keys(locked)])]
      .filter(name => wanted[name] !== locked[name])
      .map(
        name => `package-lock.json: ${name} is ${locked[name]}, in package.json ${wanted[name]}: npm install`,
      )
  })
  const missing = Object.entries(packages).flatMap(([at, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !packages[`node_modules/${name}`] && !packages[`${at}/node_modules/${name}`])
      .map(([name, version]) => `package-lock.json: ${name}@${version}, optional for ${at}, has no entry`),
  )
  return [...drifted, ...missing]
}
