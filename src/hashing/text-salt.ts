// Salts that are a text of letters and digits, as Django and Werkzeug make them.

import { randomInt } from 'node:crypto'

const LETTERS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** What Django calls 128 bits of entropy. */
export const DJANGO_SALT_LENGTH = 22

/** Makes a random salt. */
export function makeTextSalt(length: number): string {
  const pick = () => LETTERS_AND_DIGITS[randomInt(LETTERS_AND_DIGITS.length)]
  return Array.from({ length }, pick).join('')
}
