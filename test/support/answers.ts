// What Rekey's own routes answer, status and body in one.

/** A link request is taken. */
export const ACCEPTED = '200 {"detail":"Reset link sent if the user exists in database"}'
/** The same with REVEAL_UNKNOWN_USERS, of somebody who is known. */
export const SENT = '200 {"detail":"Reset link sent"}'
export const VALID_LINK =
  /^200 \{"detail":"Link is valid","expires_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}$/
export const INVALID_LINK = '400 {"detail":"Invalid signature"}'
export const RESET = '200 {"detail":"Reset password successful"}'
export const CHANGED = '200 {"detail":"Password changed successfully"}'
export const INVALID_JWT = '401 {"detail":"Invalid token."}'
/** With 401, as the packages answer wherever an authenticator of tokens comes first. */
export const NOT_SIGNED_IN = '401 {"detail":"Authentication credentials were not provided."}'
export const NOT_FOUND = '404 {"detail":"Not found."}'
export const UNAVAILABLE = '503 {"detail":"Service temporarily unavailable."}'
