// What a preset is: the variables that fit one framework's tables, as an operator would set them.

/** One framework's tables. Each has a page under `docs/presets/`. */
export interface Preset {
  /** What a variable is as long as the operator does not set it. */
  readonly variables: Readonly<Record<string, string>>
  /** The AFTER_RESET_SQL that its page recommends, to end what the old password began. Never applied by itself. */
  readonly afterResetSql?: string
}
