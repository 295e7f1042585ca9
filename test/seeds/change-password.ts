// Changes passwords as somebody who is signed in to the host application.

import type { Reply } from '../support/client.ts'
import { confide } from '../support/discretion.ts'
import { bearer, claimsOf, jwtVariables, signWithSecret } from '../support/jwt-issuer.ts'
import type { Environment } from '../support/rekey-process.ts'
import type { DjangoUser, World } from './world.ts'

const secret = confide('a secret of the host application, long enough')
export const withTokens: Environment = { JWT_SECRET: secret, ...jwtVariables }

/** What a frontend sends to say who is signed in. */
export async function signInAs({ id }: DjangoUser): Promise<Readonly<Record<string, string>>> {
  return bearer(await signWithSecret(secret, claimsOf(id)))
}

/** @param headers those of `signInAs`, or none for nobody */
export async function postChange(
  world: World,
  headers: Readonly<Record<string, string>>,
  body: object | string,
  env: Environment = {},
): Promise<Reply> {
  return (await world.serve({ ...withTokens, ...env })).post('change-password', body, headers)
}
