// What a preset is: the variables that fit one framework's tables, as an operator would set them.

import type { MappingVariable } from '../../accounts/mapping.ts'

/** One framework's tables. Each has a page under `docs/presets/`. */
export interface Preset {
  /** What a variable is as long as the operator does not set it. */
  readonly variables: PresetVariables
  /** Whether it keeps addresses in small letters, whatever its users type. */
  readonly addressesAreLower?: true
  /** The AFTER_RESET_SQL that its page recommends, to end what the old password began. Never applied by itself. */
  readonly afterResetSql?: string
}

type PresetVariables = Readonly<
  Partial<Record<Exclude<MappingVariable, 'AFTER_RESET_SQL'>, string>>
>
