// The requests that the packages and Rekey are both sent, so that their replies can be compared.
//
// A text between dollar signs stands for a value of the user on whose behalf a request is sent, and of
// the link that was mailed to it: each side fills in its own.

import { listRequestsTo } from './every-route.ts'
import { routes, type SeedRequest } from './routes.ts'
import { listSpecialRequests } from './special-requests.ts'

export const requests: readonly SeedRequest[] = [
  ...routes.flatMap(listRequestsTo),
  ...listSpecialRequests(),
]
