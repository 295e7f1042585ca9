// The password formats that Rekey writes, by name.

import { argon2id } from './argon2id.ts'
import type { PasswordFormat } from './format.ts'

/** In the order in which a stored hash is tried against them. */
export const passwordFormats: readonly PasswordFormat[] = [argon2id]
