// What the figures were measured on.

import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  /** Of the last minute, when this was asked: how busy it was with other things. */
  readonly loadAverage: number
  readonly system: string
  readonly node: string
  readonly postgres: string
  /** Of the packages that both sides run on. */
  readonly packages: Readonly<Record<string, string>>
}

const PACKAGES = ['fastify', 'pino', 'postgres', '@node-rs/argon2']

export function describeMachine(postgresVersion: string): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e9),
    loadAverage: Number(loadavg()[0]?.toFixed(1)),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    postgres: postgresVersion,
    packages: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
  }
}

function versionOf(name: string): string {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
