// Fills values into the sentences of a language, and spells durations and times in it.

import type { Catalogue } from './catalogue.ts'

/** What stands in a sentence for a value, such as `{app}`. */
export const PLACEHOLDER = /\{(\w+)\}/g

/** Fills in the placeholders that have a value. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(PLACEHOLDER, (whole, key: string) => values[key] ?? whole)
}

/** A length of time in words, in whole minutes or hours. */
export function spellDuration(seconds: number, catalogue: Catalogue): string {
  const minutes = Math.max(1, Math.floor(seconds / 60))
  // One hour stays "60 minutes": it is short, and reads as such.
  const inHours = minutes >= 120 && minutes % 60 === 0
  const count = inHours ? minutes / 60 : minutes
  const forms = inHours ? catalogue.hours : catalogue.minutes
  const form = forms[catalogue.plurals.select(count)] ?? forms.other
  return fill(form, { count: String(count) })
}

/**
 * Makes what spells a date and time of day in UTC. Its format is made when there is one to spell: that
 * is slow, and no start has to wait for it.
 */
export function createTimeSpeller(locale: string): (time: Date) => string {
  let format: Intl.DateTimeFormat | undefined
  return (time) => {
    format ??= new Intl.DateTimeFormat(locale, {
      day: 'numeric',
      month: 'long',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      timeZone: 'UTC',
      timeZoneName: 'short',
    })
    return format.format(time)
  }
}
