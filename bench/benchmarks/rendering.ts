// What rendering a message costs, in every language in turn, beside joining parts that are ready.

import { readContentConfig } from '../../src/config/read-config.ts'
import type { MailMessage, RenderedMail } from '../../src/ports.ts'
import { loadMailTemplates } from '../../src/service/load-content.ts'
import { type Comparison, measurePairs } from '../pairs.ts'
import type { Scene } from '../scene.ts'

/** Milliseconds a message. */
const TARGET = 0.2
const WARM_UP_ROUNDS = 2000
const LINK =
  'https://app.bench.example/reset?timestamp=1795248251&user_id=7d2f0c9e-51a4-4c1b-9a53-0e6f2b8d4c71&signature=Q2b7xW0rJ8mN5tYvKc1LpZsA9dFgHhUeRiOoTq3-_4w'

type Render = (message: MailMessage, locale: string) => RenderedMail

export async function compareRendering(scene: Scene): Promise<Comparison[]> {
  const env = { APP_NAME: 'Bench', SUPPORT_EMAIL: 'help@app.bench.example' }
  const { locales, render } = loadMailTemplates(readContentConfig(env))
  const [pairs, rounds] = scene.isQuick ? [5, 2000] : [9, 10_000]
  const comparisons: Comparison[] = []
  for (const kind of KINDS) {
    const run = (draw: Render, rounds: number) => {
      const before = process.cpuUsage()
      let bytes = 0
      for (let round = 0; round < rounds; round += 1) {
        const locale = locales[round % locales.length] ?? ''
        bytes += draw(makeMessage[kind](round), locale).html.length
      }
      const { user, system } = process.cpuUsage(before)
      if (bytes === 0) throw new Error('Nothing was rendered')
      return { cpu: (user + system) / 1000 / rounds }
    }
    const sides = { floor: joinParts(render, locales), rekey: render }
    for (const side of Object.values(sides)) run(side, WARM_UP_ROUNDS)
    const measured = await measurePairs(pairs, sides, async (side) => run(side, rounds))
    comparisons.push({
      name: `rendering, ${kind}`,
      quantity: 'CPU',
      unit: 'ms',
      target: { kind: 'excess-at-most', value: TARGET },
      ...measured('cpu'),
    })
  }
  return comparisons
}

const nameIn = (round: number) => `Ada Lovelace ${round % 1000}`

/** No two rounds have a message in common. */
const makeMessage: Readonly<Record<MailMessage['kind'], (round: number) => MailMessage>> = {
  'reset-link': (round) => ({
    kind: 'reset-link',
    link: `${LINK}${round}`,
    ttlSeconds: 3600,
    name: nameIn(round),
  }),
  'password-changed': (round) => ({
    kind: 'password-changed',
    changedAt: new Date(1_795_248_251_000 + round * 1000),
    requestPageUrl: 'https://app.bench.example/forgot',
    name: nameIn(round),
  }),
  'no-password': (round) => ({ kind: 'no-password', name: nameIn(round) }),
}
const KINDS = Object.keys(makeMessage) as readonly MailMessage['kind'][]

/** The least that there is to do: puts the name between the parts of a message rendered before. */
function joinParts(render: Render, locales: readonly string[]): Render {
  const name = 'Placeholder'
  const cut = ({ subject, text, html }: RenderedMail) => ({
    subject,
    text: text.split(name),
    html: html.split(name),
  })
  const ready = new Map(
    locales.flatMap((locale) =>
      KINDS.map((kind) => {
        const parts = cut(render({ ...makeMessage[kind](0), name }, locale))
        return [`${kind} ${locale}`, parts] as const
      }),
    ),
  )
  return ({ kind, name: reader = '' }, locale) => {
    const parts = ready.get(`${kind} ${locale}`)
    if (!parts) throw new TypeError('Not a message of the benchmark')
    const { subject, text, html } = parts
    return { subject, text: text.join(reader), html: html.join(reader) }
  }
}
