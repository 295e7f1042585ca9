// `rekey doctor [--json]`: says whether this service will work here, and what to do where not.

import type { Config } from '../config/config.ts'
import { readConfig } from '../config/read-config.ts'
import { type Finding, reportFault, reportOk, reportWarning } from '../core/finding.ts'
import { checkWebhook } from '../events/doctor/check-webhook.ts'
import { checkKeys } from '../jwt/doctor/check-keys.ts'
import { attempt } from '../service/attempt.ts'
import { loadContent } from '../service/load-content.ts'
import { checkAccounts } from './doctor/check-accounts.ts'
import { checkMail } from './doctor/check-mail.ts'
import { checkPreset } from './doctor/check-preset.ts'
import { checkResetPage } from './doctor/check-reset-page.ts'
import { listKeyIds, listProxies } from './doctor/list-facts.ts'
import type { Asked } from './read-arguments.ts'
import { EXIT_CONFIG, type ExitStatus, type Terminal } from './terminal.ts'

/**
 * Looks at everything, and changes nothing.
 *
 * @param now milliseconds of the unix epoch
 * @returns 0 without a fault, 1 with one, 78 when the variables themselves are at fault
 */
export async function doctor(
  terminal: Terminal,
  { options }: Asked,
  now = Date.now,
): Promise<ExitStatus> {
  const reading = readConfig(terminal.env)
  const findings: Finding[] = reading.warnings.map((warning) =>
    reportWarning('configuration', warning, 'correct the variable: .env.example explains it'),
  )
  if ('faults' in reading) {
    for (const fault of reading.faults) {
      const remedy = 'set the variable so: .env.example explains it'
      findings.push(reportFault('configuration', fault, remedy))
    }
  } else {
    findings.push(...(await examine(reading.config, now)))
  }
  print(terminal, findings, options.has('json'))
  if ('faults' in reading) return EXIT_CONFIG
  return findings.some(({ status }) => status === 'fault') ? 1 : 0
}

async function examine(config: Config, now: () => number): Promise<Finding[]> {
  const [accounts, mail, page, keys, webhook] = await Promise.all([
    checkAccounts(config, now),
    checkMail(config),
    checkResetPage(config.links.url, config.http.servesPages),
    config.jwt ? checkKeys(config.jwt) : [],
    checkWebhook(config.webhooks),
  ])
  const facts = [listKeyIds(config), listProxies(config)]
  return [
    ...accounts,
    ...checkPreset(config),
    ...checkContent(config),
    ...mail,
    ...page,
    ...keys,
    ...webhook,
    ...facts,
  ]
}

function checkContent(config: Config): Finding[] {
  const content = attempt(() => loadContent(config))
  if ('made' in content) return [reportOk('content', 'mail templates and pages are complete')]
  return content.faults.map((fault) =>
    reportFault('content', fault, 'correct the file or variable that it names'),
  )
}

function print(terminal: Terminal, findings: readonly Finding[], isJson: boolean): void {
  const count = (status: Finding['status']) =>
    findings.filter((finding) => finding.status === status).length
  const [faults, warnings] = [count('fault'), count('warning')]
  if (isJson) {
    const status = faults > 0 ? 'fault' : warnings > 0 ? 'warning' : 'ok'
    terminal.out(JSON.stringify({ status, findings }, undefined, 2))
    return
  }
  for (const { status, name, says, remedy } of findings) {
    terminal.out(`${status.padEnd(7)}  ${name}: ${says}`)
    if (remedy !== undefined) terminal.out(`         -> ${remedy}`)
  }
  const plural = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`
  terminal.out(`${plural(faults, 'fault')}, ${plural(warnings, 'warning')}`)
}
