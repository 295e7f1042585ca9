// django-rest-passwordreset's test_throttle.py.

import { expect } from 'vitest'
import { runRekey } from '../../support/rekey-process.ts'
import type { TestService } from '../../support/service.ts'
import { environmentFor } from '../../support/surroundings.ts'
import { fromFile, type SeedCase } from '../case.ts'
import type { DialectWorld } from '../dialect-world.ts'
import { OK, routesOf } from './passwordreset-calls.ts'

const BY_DEFAULT = 30
const OWN_LIMITS = "limits have Rekey's own defaults"
const onceADay = { RATE_LIMIT_REQUESTS: '1/1d', RATE_LIMIT_CONFIRMS: '1/1d' }

/** The cases, each on services whose limits have counted nothing yet. */
export function passwordresetThrottles(world: DialectWorld): SeedCase[] {
  const request = async (service: TestService) =>
    (await routesOf(service).request('foobar@doesnotexist.com')).status
  const validate = async (service: TestService, token = 'not_a_valid_token') =>
    (await routesOf(service).validate(token)).status
  const times = async (count: number, ask: () => Promise<number>) => {
    const statuses: number[] = []
    for (let time = 0; time < count; time += 1) statuses.push(await ask())
    return statuses
  }
  /** The token that a service without limits mails, so that nothing is counted yet where it is used. */
  const freshToken = async () => {
    const { email } = await world.addUser()
    const routes = routesOf(await world.serve())
    return (await world.mailed(email, () => routes.request(email))).token
  }

  /** From the request over the check to the new password, for a user of its own. */
  async function completeFlow(service: TestService): Promise<number> {
    const user = await world.addUser()
    const { request, validate, confirm } = routesOf(service)
    const asked = await request(user.email)
    if (asked.status !== 200) return asked.status
    const { token } = await world.readMail(user.email)
    expect((await validate(token)).answer).toBe(OK)
    const done = await confirm(token, 'new_password')
    await world.expectPassword(user, 'new_password')
    return done.status
  }

  /** In place of the three a day of throttling.py. */
  const expectDefault = () =>
    world.serveAnew({ RATE_LIMIT_REQUESTS: '' }, async (service) => {
      const allowed = await times(BY_DEFAULT, () => request(service))
      expect(allowed).toEqual(Array(BY_DEFAULT).fill(200))
      const refused = await routesOf(service).request('foobar@doesnotexist.com')
      const seconds = refused.headers['retry-after']
      expect(refused.answer).toBe(
        `429 {"detail":"Request was throttled. Expected available in ${seconds} seconds."}`,
      )
    })
  const allowedOnce = (ask: (service: TestService) => Promise<number>) => () =>
    world.serveAnew(onceADay, async (service) => {
      expect(await times(2, () => ask(service))).toEqual([200, 429])
    })

  return fromFile(
    'tests/test/test_throttle.py',
    [
      {
        name: 'test_request_token_endpoint_keeps_library_throttle_default',
        differs: OWN_LIMITS,
        means: 'Without a setting the request has a limit, of 30 in 15 minutes.',
        run: expectDefault,
      },
      {
        name: 'test_request_token_throttle_classes_default_to_library_throttle',
        differs: OWN_LIMITS,
        means: 'Nor can the limit be left out by an empty setting.',
        run: expectDefault,
      },
      {
        name: 'test_request_token_throttle_classes_can_be_replaced',
        means: 'RATE_LIMIT_REQUESTS sets another.',
        run: allowedOnce(request),
      },
      {
        name: 'test_empty_request_token_throttle_classes_delegate_to_drf_defaults',
        differs: OWN_LIMITS,
        means: 'An empty RATE_LIMIT_REQUESTS is the default.',
        run: expectDefault,
      },
      {
        name: 'test_request_token_endpoint_uses_configured_throttle_classes',
        run: allowedOnce(request),
      },
      {
        name: 'test_empty_request_token_throttle_classes_endpoint_uses_drf_defaults',
        differs: OWN_LIMITS,
        means: 'The limit that there is by default binds.',
        run: expectDefault,
      },
      {
        name: 'test_scoped_throttle_without_matching_rate_raises_improperly_configured',
        means: 'A rate that is none stops the start, by the name of its variable.',
        async run() {
          const env = { ...environmentFor(world.surroundings()), RATE_LIMIT_REQUESTS: 'per day' }
          const { status, errors } = await runRekey(['serve'], env).ended
          expect([status, errors]).toEqual([
            78,
            expect.stringContaining(
              'RATE_LIMIT_REQUESTS: must be a number per period of s, m, h or d, such as 30/15m',
            ),
          ])
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
              (await routesOf(service).confirm('x', 'x')).status,
              (await service.post('check-reset-link', { token: 'not_a_valid_token' })).status,
            ]
            expect(statuses).toEqual([400, 404, 429, 429])
          }),
      },
      {
        name: 'test_password_reset_endpoints_expose_scoped_throttle_names',
        means: 'Requests have one limit, and checks and resets another.',
        run: () =>
          world.serveAnew({ ...onceADay, RATE_LIMIT_CONFIRMS: '2/1d' }, async (service) => {
            expect(await times(2, () => request(service))).toEqual([200, 429])
            expect(await times(3, () => validate(service))).toEqual([404, 404, 429])
          }),
      },
      {
        name: 'test_validate_endpoint_uses_inherited_scoped_throttle',
        async run() {
          const token = await freshToken()
          await allowedOnce((service) => validate(service, token))()
        },
      },
      {
        name: 'test_confirm_endpoint_uses_inherited_scoped_throttle',
        async run() {
          const token = await freshToken()
          const confirm = async (service: TestService) =>
            (await routesOf(service).confirm(token, 'new_password')).status
          await allowedOnce(confirm)()
        },
      },
      {
        name: 'test_throttle',
        run: () =>
          world.serveAnew({ RATE_LIMIT_REQUESTS: '1/1d' }, async (service) => {
            expect(await times(2, () => completeFlow(service))).toEqual([200, 429])
          }),
      },
      {
        name: 'test_throttle_default_rate',
        differs: OWN_LIMITS,
        means: 'The rate by default is not three a day; RATE_LIMIT_REQUESTS=3/1d is.',
        async run() {
          await expectDefault()
          await world.serveAnew({ RATE_LIMIT_REQUESTS: '3/1d' }, async (service) => {
            const statuses = await times(4, () => completeFlow(service))
            expect(statuses).toEqual([200, 200, 200, 429])
          })
        },
      },
    ],
    'TestThrottle',
  )
}
