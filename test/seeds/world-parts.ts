// What the worlds of the suites have in common: Rekey in whatever configuration a case needs, and what
// their tables hold of passwords.

import { verify } from '@node-rs/argon2'
import { expect } from 'vitest'
import type { Environment } from '../support/rekey-process.ts'
import { startService, type TestService } from '../support/service.ts'
import type { Surroundings } from '../support/surroundings.ts'
import { type StoredUser, storedHash } from '../support/users.ts'

export interface Services {
  /** Starts one with these variables beside those that all have. */
  start(env: Environment): Promise<TestService>
  /** The same, once for each configuration. */
  serve(env?: Environment): Promise<TestService>
  /** Stops those that `serve` has started. */
  stop(): Promise<void>
}

export function createServices(surroundings: () => Surroundings, base: Environment): Services {
  const services = new Map<string, Promise<TestService>>()
  const start = (env: Environment) => startService(surroundings(), { ...base, ...env })
  return {
    start,
    serve(env = {}) {
      const name = JSON.stringify(env)
      const service = services.get(name) ?? start(env)
      services.set(name, service)
      return service
    },
    async stop() {
      const started = await Promise.allSettled(services.values())
      await Promise.all(started.map((each) => each.status === 'fulfilled' && each.value.stop()))
    },
  }
}

export interface Passwords {
  expectPassword(user: StoredUser, password: string): Promise<void>
  expectUnchanged(user: StoredUser): Promise<void>
}

/** @param prefix What stands before a hash by argon2 there. */
export function passwordsIn(
  surroundings: () => Surroundings,
  table: string,
  column: string,
  prefix = '',
): Passwords {
  const hashOf = ({ id }: StoredUser) => storedHash(surroundings().database.sql, id, table, column)
  return {
    async expectPassword(user, password) {
      const hash = await hashOf(user)
      expect(hash.slice(0, prefix.length + 1)).toBe(`${prefix}$`)
      expect(await verify(hash.slice(prefix.length), password)).toBe(true)
    },
    async expectUnchanged(user) {
      expect(await hashOf(user)).toBe(user.passwordHash)
    },
  }
}
