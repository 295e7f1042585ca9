// What npm's scripts run in the place of `node`: the newest Node that is there, with the same arguments.
// That is the one that this package brings, which npm puts on the path, or the one that npm itself runs
// on, if it is newer. Plain JavaScript, as src/node-version.js is.
//
//   node run.js [options of Node] <program> [arguments]

import { spawn } from 'node:child_process'
import { explainOldNode } from './src/node-version.js'

const EXIT_CONFIG = 78

const here = { path: process.execPath, version: process.versions.node }
// npm tells every script which Node it runs on itself, and in the user agent the version of that.
const [, version = '0'] = /\bnode\/v(\S+)/.exec(process.env['npm_config_user_agent'] ?? '') ?? []
const ofNpm = { path: process.env['npm_node_execpath'] ?? '', version }
const newest = ofNpm.path !== '' && isNewer(ofNpm.version, here.version) ? ofNpm : here

const fault = explainOldNode(newest.version)
const args = process.argv.slice(2)
if (fault) {
  process.stderr.write(`${fault}\n`)
  process.exitCode = EXIT_CONFIG
} else if (process.execve) {
  // The process is then Node's own: no signal and no exit status has to be passed on.
  process.execve(newest.path, [newest.path, ...args], process.env)
} else {
  // Windows tells every process of a console about Ctrl-C.
  process.on('SIGINT', () => {})
  spawn(newest.path, args, { stdio: 'inherit' }).on('exit', (status) => {
    process.exitCode = status ?? 1
  })
}

/** @param {string} one @param {string} other versions such as 26.12.1 */
function isNewer(one, other) {
  const [a, b] = [one, other].map((each) =>
    each.split('.').map((part) => Number.parseInt(part, 10)),
  )
  const at = [0, 1, 2].find((index) => a[index] !== b[index])
  return at !== undefined && a[at] > b[at]
}
