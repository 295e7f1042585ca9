// django-rest-passwordreset's cases about throttles in test_auth_test_case.py, and its test_throttle.py.

import { expect } from 'vitest'
import { readConfig } from '../../../src/config/read-config.ts'
import type { TestService } from '../../support/service.ts'
import { environmentFor } from '../../support/surroundings.ts'
import type { SeedCase } from '../case.ts'
import { type DialectWorld, valuesAged } from '../dialect-world.ts'

const PREFIX = '/api/password_reset/'
const BY_DEFAULT = 30

/** The cases of both files. Each has services whose limits have counted nothing yet. */
export function passwordresetThrottles(world: DialectWorld): {
  readonly authTestCase: SeedCase[]
  readonly throttleTestCase: SeedCase[]
} {
  const request = async ({ send }: TestService) =>
    (await send(PREFIX, { email: 'foobar@doesnotexist.com' })).status
  const validate = async ({ send }: TestService) =>
    (await send(`${PREFIX}validate_token/`, { token: 'not_a_valid_token' })).status
  const times = async (count: number, ask: () => Promise<number>) => {
    const statuses: number[] = []
    for (let time = 0; time < count; time += 1) statuses.push(await ask())
    return statuses
  }

  /** From the request to the new password, for a user of its own. */
  async function completeFlow(service: TestService): Promise<number> {
    const user = await world.addUser()
    const asked = await service.send(PREFIX, { email: user.email })
    if (asked.status !== 200) return asked.status
    const { token } = valuesAged(user, 0)
    const done = await service.send(`${PREFIX}confirm/`, { token, password: 'new_secret' })
    await world.expectPassword(user, 'new_secret')
    return done.status
  }

  const expectDefault = () =>
    world.serveAnew({ RATE_LIMIT_REQUESTS: '' }, async (service) => {
      const allowed = await times(BY_DEFAULT, () => request(service))
      expect(allowed).toEqual(Array(BY_DEFAULT).fill(200))
      const refused = await service.send(PREFIX, { email: 'foobar@doesnotexist.com' })
      const seconds = refused.headers['retry-after']
      expect(refused.answer).toBe(
        `429 {"detail":"Request was throttled. Expected available in ${seconds} seconds."}`,
      )
    })
  const onceADay = (ask: (service: TestService) => Promise<number>, first: number) => () =>
    world.serveAnew(
      { RATE_LIMIT_REQUESTS: '1/1d', RATE_LIMIT_CONFIRMS: '1/1d' },
      async (service) => {
        expect(await times(2, () => ask(service))).toEqual([first, 429])
      },
    )
  const flows = (rate: string, passing: number) => () =>
    world.serveAnew({ RATE_LIMIT_REQUESTS: rate }, async (service) => {
      const statuses = await times(passing + 1, () => completeFlow(service))
      expect(statuses).toEqual([...Array(passing).fill(200), 429])
    })

  const authTestCase: SeedCase[] = [
    {
      name: 'test_request_token_endpoint_keeps_library_throttle_default',
      means: 'Without a setting the request has a limit, of 30 in 15 minutes.',
      run: expectDefault,
    },
    {
      name: 'test_request_token_throttle_classes_default_to_library_throttle',
      means: 'Nor can the limit be left out by an empty setting.',
      run: expectDefault,
    },
    {
      name: 'test_request_token_throttle_classes_can_be_replaced',
      means: 'RATE_LIMIT_REQUESTS sets another.',
      run: onceADay(request, 200),
    },
    {
      name: 'test_empty_request_token_throttle_classes_delegate_to_drf_defaults',
      means: 'An empty RATE_LIMIT_REQUESTS is the default.',
      run: expectDefault,
    },
    {
      name: 'test_request_token_endpoint_uses_configured_throttle_classes',
      run: onceADay(request, 200),
    },
    {
      name: 'test_empty_request_token_throttle_classes_endpoint_uses_drf_defaults',
      means: 'The limit that there is by default binds.',
      run: expectDefault,
    },
    {
      name: 'test_scoped_throttle_without_matching_rate_raises_improperly_configured',
      means: 'A rate that is none is a fault at the start, by the name of its variable.',
      async run() {
        const env = environmentFor(world.surroundings())
        const reading = readConfig({ ...env, RATE_LIMIT_REQUESTS: 'per day' })
        expect(reading).toMatchObject({
          faults: ['RATE_LIMIT_REQUESTS: must be a number per period, such as 30/15m'],
        })
      },
    },
    {
      name: 'test_validate_and_confirm_endpoints_do_not_override_global_throttle_classes',
      means: 'They count towards the limit of the routes under BASE_PATH.',
      run: () =>
        world.serveAnew({ RATE_LIMIT_CONFIRMS: '2/1d' }, async (service) => {
          const statuses = [
            (await service.post('check-reset-link', { token: 'not_a_valid_token' })).status,
            await validate(service),
            (await service.send(`${PREFIX}confirm/`, { token: 'x', password: 'x' })).status,
            (await service.post('check-reset-link', { token: 'not_a_valid_token' })).status,
          ]
          expect(statuses).toEqual([400, 404, 429, 429])
        }),
    },
    {
      name: 'test_password_reset_endpoints_expose_scoped_throttle_names',
      means: 'Requests have one limit, and checks and resets another.',
      run: () =>
        world.serveAnew(
          { RATE_LIMIT_REQUESTS: '1/1d', RATE_LIMIT_CONFIRMS: '2/1d' },
          async (service) => {
            expect(await times(2, () => request(service))).toEqual([200, 429])
            expect(await times(3, () => validate(service))).toEqual([404, 404, 429])
          },
        ),
    },
    {
      name: 'test_validate_endpoint_uses_inherited_scoped_throttle',
      run: onceADay(async ({ send }) => {
        const { token } = valuesAged(await world.addUser(), 0)
        return (await send(`${PREFIX}validate_token/`, { token })).status
      }, 200),
    },
    {
      name: 'test_confirm_endpoint_uses_inherited_scoped_throttle',
      run: onceADay(async ({ send }) => {
        const { token } = valuesAged(await world.addUser(), 0)
        return (await send(`${PREFIX}confirm/`, { token, password: 'new_secret' })).status
      }, 200),
    },
  ]
  const throttleTestCase: SeedCase[] = [
    { name: 'test_throttle', run: flows('1/1d', 1) },
    {
      name: 'test_throttle_default_rate',
      means: 'RATE_LIMIT_REQUESTS=3/1d is the rate that the package has by default.',
      run: flows('3/1d', 3),
    },
  ]
  return { authTestCase, throttleTestCase }
}
