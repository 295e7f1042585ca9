// `npm run size`: how much of a page `rekey/client` is, as a browser gets it. Ends with 1 above 3 kB.

import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { browserBuild } from '../build-options.ts'

const LIMIT_BYTES = 3000

const { outputFiles } = await build({
  ...browserBuild,
  entryPoints: ['src/page/client.ts'],
  write: false,
})
const code = outputFiles[0]?.contents ?? new Uint8Array()
const size = gzipSync(code).length
process.stdout.write(
  `rekey/client: ${size} bytes gzipped of ${LIMIT_BYTES}, ${code.length} minified\n`,
)
if (size > LIMIT_BYTES) process.exitCode = 1
