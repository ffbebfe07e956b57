/** The agent as a process of its own, with a runtime and an ingest on real ports. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { ReadyLine } from '../../../../apps/host/ready-line.ts'
import { startFakeIngest } from './fake-ingest.ts'
import { type Reply, startFakeRuntime } from './fake-runtime.ts'
import { artifactDigest } from './gateway.ts'
import { writeHostConfig } from './host-config-file.ts'
import { ollama } from './surfaces.ts'

export const joinCode = `b3iq-join-${'c'.repeat(22)}`

function start(args: readonly string[], program = 'apps/host/main.ts') {
  const child = spawn(process.execPath, [program, ...args])
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const output = { out: '', err: '' }
  child.stdout.on('data', (piece) => {
    output.out += piece
  })
  child.stderr.on('data', (piece) => {
    output.err += piece
  })
  return { child, output, lines: createInterface({ input: child.stdout }) }
}

export async function finish(args: readonly string[], program?: string) {
  const { child, output } = start(args, program)
  const [exitCode] = await once(child, 'close')
  return { ...output, exitCode }
}

/** A host with a runtime and an ingest, configured and not yet enrolled. */
export async function openHost(
  options: {
    readonly reply?: Reply
    readonly config?: object
    readonly program?: string
  } & Parameters<typeof startFakeIngest>[0] = {},
) {
  const model = { name: 'm', digest: artifactDigest, size: 1 }
  const runtime = await startFakeRuntime({
    ...options,
    surface: { ...ollama, '/api/tags': { models: [model] } },
  })
  const ingest = await startFakeIngest(options)
  onTestFinished(async () => {
    await ingest.close()
    await runtime.close()
  })
  const { folder, configPath: config } = await writeHostConfig({
    runtimes: [{ id: 'rt1', url: runtime.url }],
    ...options.config,
  })
  const tell = (command: string) => finish([command, '--config', config], options.program)
  const enroll = () =>
    finish(
      ['enroll', '--config', config, '--code', joinCode, '--ingest', ingest.url],
      options.program,
    )
  const run = async () => {
    const running = start(['run', '--config', config], options.program)
    const ended = once(running.child, 'close').then(() => {
      throw new Error(`the agent ended before it was ready: ${running.output.err}`)
    })
    const [line] = await Promise.race([once(running.lines, 'line'), ended])
    const ready = ReadyLine.parse(JSON.parse(line))
    return { ...running, ready, proxyUrl: `http://127.0.0.1:${ready.port}` }
  }
  return { runtime, ingest, folder, config, tell, enroll, run }
}
