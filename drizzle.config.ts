// How drizzle-kit makes the migrations in `drizzle/` from the table in `src/accounts/`.

import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',
  schema: './src/accounts/own-table.ts',
  out: './drizzle',
})
