// What npm's scripts run in the place of `node`: the newest Node that is there, with the same arguments.
// That is the one on the path, the one that npm itself runs on, or the one that this package brings. npm 10
// does not put the last one on the path: four packages claim the name `node`, and it takes the link away
// with those that are for other systems. Plain JavaScript, as src/node-version.js is.
//
//   node run.js [options of Node] <program> [arguments]

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { explainOldNode } from './src/node-version.js'

const EXIT_CONFIG = 78

const here = { path: process.execPath, version: process.versions.node }
const [newest] = [here, ...findNodeOfNpm(), ...findBroughtNodes()].sort(newestFirst)

const fault = explainOldNode(newest.version)
const args = process.argv.slice(2)
if (fault) {
  process.stderr.write(`${fault}\n`)
  process.exitCode = EXIT_CONFIG
} else if (process.execve) {
  // The process is then Node's own: no signal and no exit status has to be passed on.
  process.execve(newest.path, [newest.path, ...args], process.env)
} else {
  const child = spawn(newest.path, args, { stdio: 'inherit' })
  // A terminal tells every process about Ctrl-C, and SIGTERM reaches this one alone.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('exit', (status) => {
    process.exitCode = status ?? 1
  })
}

/** Of npm, to every script: its own Node, and in the user agent which version that is. */
function findNodeOfNpm() {
  const path = process.env['npm_node_execpath']
  const version = /\bnode\/v(\S+)/.exec(process.env['npm_config_user_agent'] ?? '')?.[1]
  return path && version ? [{ path, version }] : []
}

/** npm installs the one for this system alone. */
function findBroughtNodes() {
  const { optionalDependencies } = readManifest('./package.json')
  return Object.keys(optionalDependencies).flatMap((name) => {
    try {
      const folder = `./node_modules/${name}/`
      const { version, bin } = readManifest(`${folder}package.json`)
      return [{ path: fileURLToPath(new URL(folder + bin.node, import.meta.url)), version }]
    } catch {
      return []
    }
  })
}

/** @param {string} path */
function readManifest(path) {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
}

/** @param {{ version: string }} one @param {{ version: string }} other */
function newestFirst(one, other) {
  const [a, b] = [one, other].map(({ version }) =>
    version.split('.').map((part) => Number.parseInt(part, 10)),
  )
  const at = [0, 1, 2].find((index) => a[index] !== b[index])
  return at === undefined ? 0 : b[at] - a[at]
}
