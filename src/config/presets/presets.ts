// The presets by name, as USERS_PRESET takes them.

import { betterAuth } from './better-auth.ts'
import { devise } from './devise.ts'
import { django } from './django.ts'
import { laravel } from './laravel.ts'
import type { Preset } from './preset.ts'
import { rekey } from './rekey.ts'
import { supabase } from './supabase.ts'

export const presets = {
  rekey,
  django,
  devise,
  laravel,
  'better-auth': betterAuth,
  supabase,
} as const satisfies Readonly<Record<string, Preset>>

export type PresetName = keyof typeof presets

export const presetNames = Object.keys(presets) as readonly PresetName[]
