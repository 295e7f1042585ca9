// Whether a reset also ends what the preset's framework leaves alive with the old password.

import type { Config } from '../../config/config.ts'
import { type Finding, reportOk, reportWarning } from '../../core/finding.ts'

const NAME = 'after-reset'

/** Says nothing where the preset recommends nothing: sessions are the host's own business there. */
export function checkPreset({ preset, users }: Config): Finding[] {
  if (preset.afterResetSql === undefined) return []
  if (users.afterReset) return [reportOk(NAME, 'AFTER_RESET_SQL runs with each reset')]
  const says = `what began with the old password may outlive it: AFTER_RESET_SQL is not set, and the preset ${preset.name} recommends one`
  const remedy = `set AFTER_RESET_SQL=${preset.afterResetSql}; docs/presets/${preset.name}.md says what it ends`
  return [reportWarning(NAME, says, remedy)]
}
