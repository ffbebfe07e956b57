/**
 * Puts the host agent into one file that runs on Node 20 or later with nothing installed beside it:
 * `node scripts/bundle-host.ts [FILE]`, by default dist/b3iq-host.mjs. Minified names would make the
 * stack of a bug on somebody's gaming PC unreadable, so they are kept.
 */
import { chmod, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')
const out = resolve(process.argv[2] ?? join(root, 'dist/b3iq-host.mjs'))

await build({
  entryPoints: [join(root, 'apps/host/main.ts')],
  outfile: out,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  charset: 'utf8',
  legalComments: 'eof',
  logLevel: 'warning',
  banner: {
    // Some packages are CommonJS and ask for Node's own modules in their way.
    js: [
      '#!/usr/bin/env node',
      "import { createRequire as b3iqCreateRequire } from 'node:module'",
      'const require = b3iqCreateRequire(import.meta.url)',
    ].join('\n'),
  },
})
await chmod(out, 0o755)
process.stdout.write(`${out}: ${(await stat(out)).size} bytes\n`)
