// Whether the reset page is there, and keeps the link in its address to itself.

import { nameFetchFailure } from '../../core/fetch-failure.ts'
import { type Finding, reportFault, reportOk, reportWarning } from '../../core/finding.ts'
import type { LinkUrl } from '../../core/link-url.ts'

const TIMEOUT_MS = 5000
const MOST_REDIRECTS = 5
const PAGE = 'reset-page'
const POLICY = 'referrer-policy'
const POLICIES = [
  'no-referrer',
  'no-referrer-when-downgrade',
  'same-origin',
  'origin',
  'strict-origin',
  'origin-when-cross-origin',
  'strict-origin-when-cross-origin',
  'unsafe-url',
]
/** They tell other sites the whole address, with the link in its query. */
const UNSAFE = ['unsafe-url', 'no-referrer-when-downgrade']

/** @param isOurs whether Rekey serves the page itself */
export async function checkResetPage(linkUrl: LinkUrl, isOurs: boolean): Promise<Finding[]> {
  // Query and fragment stay out; a path may need something where the values go.
  const write = (sign: string) =>
    new URL(linkUrl({ userId: '0', timestamp: '0000000000', signature: sign.repeat(43) }))
  const page = write('A')
  if (!/^https?:$/.test(page.protocol)) return [warnOfScheme()]
  const hasValuesInPath = page.pathname !== write('B').pathname
  page.search = ''
  page.hash = ''
  try {
    const reply = await followWithin(page)
    if (typeof reply === 'string') return [reportRedirect(reply)]
    if (!reply.ok) {
      const says = `the page answers ${reply.status}`
      const isDoubtful = hasValuesInPath || [401, 403, 429].includes(reply.status)
      return isDoubtful
        ? [reportWarning(PAGE, says, 'open a mailed link in a browser, to see what a reader sees')]
        : [reportFault(PAGE, says, 'correct RESET_PAGE_URL, or put the page there')]
    }
    const policy = readPolicy(reply.headers.get('referrer-policy'), await reply.text())
    return [reportOk(PAGE, 'the page is there'), judgePolicy(policy)]
  } catch (error) {
    const says = `the page cannot be reached from here (${nameFetchFailure(error)})`
    return isOurs
      ? [reportWarning(PAGE, says, 'start Rekey, which serves it, and run this again')]
      : [reportFault(PAGE, says, 'correct RESET_PAGE_URL, or start what serves the page')]
  }
}

/** @returns the last answer, or why there is none within the origin */
async function followWithin(page: URL): Promise<Response | string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  let at = page
  for (let count = 0; count <= MOST_REDIRECTS; count += 1) {
    const reply = await fetch(at, { redirect: 'manual', signal })
    const location = reply.headers.get('location')
    if (reply.status < 300 || reply.status >= 400 || location === null) return reply
    await reply.body?.cancel()
    at = new URL(location, at)
    if (at.origin !== page.origin) return 'leads to another origin'
  }
  return 'leads round in a circle'
}

function warnOfScheme(): Finding {
  const says =
    "the page has an application's own scheme, whose links many mail programs show as plain text"
  const remedy = 'set RESET_PAGE_URL to an https page that opens the application'
  return reportWarning(PAGE, says, remedy)
}

function reportRedirect(where: string): Finding {
  const remedy = 'set RESET_PAGE_URL to where the page is in the end: a link may be lost on the way'
  return reportFault(PAGE, `the page ${where}`, remedy)
}

/** The last word counts that a browser knows: of the header, then of the page itself. */
function readPolicy(header: string | null, html: string): string | undefined {
  const tag = /<meta\b[^>]*\bname\s*=\s*["']?referrer\b[^>]*>/i.exec(html)?.[0]
  const content = /\bcontent\s*=\s*["']?([\w-]+)/i.exec(tag ?? '')?.[1]
  const words = [...(header ?? '').split(','), content ?? '']
  return words
    .map((word) => word.trim().toLowerCase())
    .filter((word) => POLICIES.includes(word))
    .at(-1)
}

function judgePolicy(policy: string | undefined): Finding {
  if (policy !== undefined && UNSAFE.includes(policy)) {
    const says = `with ${policy} every site that the page loads from is told the link`
    return reportFault(POLICY, says, 'send Referrer-Policy: no-referrer with the page')
  }
  const says = policy ?? 'none is set, and browsers tell other sites the origin only'
  return reportOk(POLICY, says)
}
