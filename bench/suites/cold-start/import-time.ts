/** What loading a module costs a fresh process, beyond what the process costs anyway. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import * as z from 'zod'

const run = promisify(execFile)
const withinMs = 20_000

/** Of the clock, and of a core. */
const Loaded = z.object({ wallMs: z.number(), cpuMs: z.number() })
export type Loaded = z.infer<typeof Loaded>

/** `source` is of a module whose imports are what is measured. Nothing that it starts is waited for. */
export async function loadTime(
  source: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Loaded> {
  const measured = `data:text/javascript,${encodeURIComponent(source)}`
  const script = `import { writeSync } from 'node:fs'
    const [from, used] = [performance.now(), process.cpuUsage()]
    await import(${JSON.stringify(measured)})
    const wallMs = performance.now() - from
    const { user, system } = process.cpuUsage(used)
    writeSync(1, '\\n' + JSON.stringify({ wallMs, cpuMs: (user + system) / 1000 }))
    process.exit(0)`
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...env },
    timeout: withinMs,
    signal,
  })
  return Loaded.parse(JSON.parse(stdout.split('\n').at(-1) ?? ''))
}

/** What Node loads of itself for a server that speaks in web requests and calls hosts over TLS. */
export const nodeParts = `
import 'node:http'
import 'node:https'
import 'node:crypto'
globalThis.Request`

export const bundleAt = (file: string): string =>
  `await import(${JSON.stringify(new URL(`file://${file}`).href)})`
