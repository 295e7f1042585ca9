// `rekey serve`: runs the service until it is told to stop.

import { readConfig, readContentConfig } from '../config/read-config.ts'
import { assembleService } from '../service/assemble-service.ts'
import { attempt, faultsOf } from '../service/attempt.ts'
import { createLogger } from '../service/create-logger.ts'
import { loadContent, loadMailTemplates } from '../service/load-content.ts'
import { reportFaults } from './report-faults.ts'
import type { ExitStatus, Terminal } from './terminal.ts'

/** @returns 0 after a clean stop, 1 when accepted work was lost or it cannot listen, 78 for faults */
export async function serve(terminal: Terminal): Promise<ExitStatus> {
  const reading = readConfig(terminal.env)
  for (const warning of reading.warnings) terminal.err(`warning: ${warning}`)
  if ('faults' in reading) {
    const mails = attempt(() => loadMailTemplates(readContentConfig(terminal.env)))
    return reportFaults(terminal, [...reading.faults, ...faultsOf(mails)])
  }
  const { config } = reading
  const logger = createLogger(config.process.logLevel)
  if (reading.empty.length > 0) {
    logger.info({ variables: reading.empty }, 'variables that are empty count as not set')
  }

  const content = attempt(() => loadContent(config))
  if ('faults' in content) return reportFaults(terminal, content.faults)
  const service = assembleService(config, content.made, logger)
  const stopSignal = terminal.stopSignal()
  const firstNews = await Promise.race([stopSignal, service.firstFaults()])
  // A string is a signal, a list holds faults.
  if (typeof firstNews === 'string') {
    await service.stop()
    return 0
  }
  if (firstNews.length > 0) return reportFaults(terminal, firstNews)

  try {
    await service.listen()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const { host, port } = config.process
    terminal.err(
      code === 'EADDRINUSE'
        ? `port ${port} is taken: free it, or set PORT`
        : `cannot listen on ${host} port ${port} (${code}): set HOST to an address of this machine, or PORT to a port that you may use`,
    )
    return 1
  }
  const lateFaults = service.mappingFaults.then((late) =>
    late.length > 0 ? late : new Promise<never>(() => {}),
  )
  const reason = await Promise.race([stopSignal, lateFaults])
  logger.info({ reason: typeof reason === 'string' ? reason : 'configuration' }, 'Rekey stops')
  const lost = await service.stop()
  if (typeof reason !== 'string') return reportFaults(terminal, reason)
  if (lost > 0) logger.error({ lost }, 'stopped before all accepted work was done')
  return lost > 0 ? 1 : 0
}
