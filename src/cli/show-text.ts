// Makes what stands in a row fit for a terminal.

const LONGEST = 300
/** Controls, and marks that turn the direction of what follows: they would act on the terminal. */
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** @returns at most 300 characters, with `\u{1b}` in the place of what would not be shown as itself */
export function showText(stored: string): string {
  const shown = stored.length > LONGEST ? `${stored.slice(0, LONGEST)}...` : stored
  return shown.replace(UNSHOWABLE, (mark) => `\\u{${mark.codePointAt(0)?.toString(16)}}`)
}
