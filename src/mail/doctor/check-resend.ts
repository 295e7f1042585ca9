// Whether Resend takes mail with this key, and leaves the links in it as they are.

import { domainOf, parseSender } from '../../core/email-address.ts'
import { nameFetchFailure } from '../../core/fetch-failure.ts'
import { type Finding, reportFault, reportOk, reportWarning } from '../../core/finding.ts'
import type { ResendAccount } from '../transports/resend.ts'

const TIMEOUT_MS = 5000
const DASHBOARD = "in Resend's dashboard, under Domains"
const CLICK_TRACKING_REMEDY = `turn click tracking of the domain off ${DASHBOARD}: it sends every reader, with the link, through another server`

interface ResendDomain {
  readonly id: string
  readonly name: string
  readonly status: string
  readonly click_tracking?: boolean
}

/** @param from MAIL_FROM, of which the domain must be one of the account's */
export async function checkResend(account: ResendAccount, from: string): Promise<Finding[]> {
  const ask = async (path: string) => {
    const reply = await fetch(`${account.baseUrl}${path}`, {
      headers: { authorization: `Bearer ${account.apiKey}`, 'user-agent': 'rekey' },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const body: unknown = await reply.json().catch(() => undefined)
    return { status: reply.status, body: (body ?? {}) as Readonly<Record<string, unknown>> }
  }
  try {
    const { status, body } = await ask('/domains?limit=100')
    if (body['name'] === 'restricted_api_key') {
      const says = 'the key may send and do nothing else, so its domain cannot be looked at'
      const remedy = `see ${DASHBOARD} that the domain is verified and its click tracking is off`
      return [reportOk('mail-key', says, remedy)]
    }
    if ([400, 401, 403].includes(status)) {
      const says = `Resend refuses the key (${status})`
      return [reportFault('mail-key', says, 'set RESEND_API_KEY to a key of the account')]
    }
    const domains = body['data']
    if (status !== 200 || !Array.isArray(domains)) {
      const says = `Resend gives no answer that can be used (${status})`
      return [reportWarning('mail-provider', says, 'run this again when Resend is well')]
    }
    const accepted = reportOk('mail-key', 'Resend takes the key')
    const name = domainOf(parseSender(from).address)
    const isOwn = (each: ResendDomain) => domainOf(`@${each.name}`) === name
    const domain: ResendDomain | undefined = domains.find(isOwn)
    if (!domain && body['has_more'] === true) {
      const says = 'the account has more domains than one list holds'
      return [accepted, reportOk('mail-domain', says, `look for ${name} ${DASHBOARD}`)]
    }
    if (!domain) {
      const says = `${name}, the domain of MAIL_FROM, is not one of the account's`
      const remedy = `add it ${DASHBOARD}, or set MAIL_FROM to an address of one that is there`
      return [accepted, reportFault('mail-domain', says, remedy)]
    }
    const findings = [accepted]
    if (domain.status !== 'verified') {
      const says = `${name}, the domain of MAIL_FROM, is not verified`
      findings.push(reportFault('mail-domain', says, `set its DNS records as shown ${DASHBOARD}`))
    } else {
      findings.push(reportOk('mail-domain', `${name} is verified`))
    }
    const tracked =
      domain.click_tracking ??
      (await ask(`/domains/${encodeURIComponent(domain.id)}`)).body['click_tracking']
    findings.push(
      tracked === true
        ? reportFault('click-tracking', 'links in mails are rewritten', CLICK_TRACKING_REMEDY)
        : reportOk('click-tracking', 'links in mails stay as they are'),
    )
    return findings
  } catch (error) {
    const says = `Resend cannot be reached from here (${nameFetchFailure(error)})`
    return [reportFault('mail-provider', says, 'open the way to RESEND_BASE_URL')]
  }
}
