// The programs as they are started from a shell: what they print, and how they end.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { ownRatios } from '../../../../apps/local/catalogue-entry.ts'
import { demoTokenizer } from '../../../../apps/local/engine/demo-tokenizer.ts'
import { encodeGguf } from '../../../../apps/local/engine/gguf.ts'
import { makeEngineClient } from './engine-client.ts'
import { openTestLlama, writeTestModel } from './opened-engines.ts'

const llama = await openTestLlama()
if (!llama.missing) await llama.engine().dispose()
const model = await writeTestModel()
afterAll(model.remove)

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

const program = (name: string) => join('apps/local/engine', name)

const launch = (args: readonly string[]) => {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  return child
}

/** Runs to the end. */
const run = async (...args: readonly string[]) => {
  const child = launch(args)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null) await once(child, 'exit')
  return { code: child.exitCode, stdout, stderr: stderr.trimEnd() }
}

const Ready = z.object({
  ready: z.literal(true),
  port: z.int(),
  engine: z.string(),
  model: z.string(),
})

/** Starts a server on a free port and waits for its line. */
const serve = async (...args: readonly string[]) => {
  const child = launch([...args, '--port', '0'])
  const stderr = text(child.stderr)
  const [line] = await once(createInterface(child.stdout), 'line')
  const ready = Ready.parse(JSON.parse(String(line)))
  return { child, stderr, ready, client: makeEngineClient(ready.port) }
}

describe('serve', () => {
  it.skipIf(llama.missing)('serves a model file and drains on SIGTERM', async () => {
    const { child, ready, client } = await serve(program('serve.ts'), '--model', model.path)
    expect(ready).toMatchObject({ engine: 'llama.cpp', model: 'b3iq/tiny-random' })
    const reply = client.streamChat('Hello', { max_tokens: 500 })
    await client.postChat('Hello', { max_tokens: 1 })
    child.kill('SIGTERM')
    const [code] = await once(child, 'exit')
    expect(await reply).toMatchObject({ done: true, finishReason: 'length' })
    expect(code).toBe(0)
  })

  it('stands in with the scripted engine where llama.cpp is missing, and says so', async () => {
    const without = join(model.folder, 'without-llama.mjs')
    await writeFile(
      without,
      `import { registerHooks } from 'node:module'
       registerHooks({
         resolve(name, context, next) {
           if (name === 'node-llama-cpp') throw new Error('there is none')
           return next(name, context)
         },
       })`,
    )
    const { child, stderr, ready, client } = await serve(
      '--import',
      without,
      program('serve.ts'),
      '--model',
      model.path,
    )
    expect(ready.engine).toBe('scripted')
    const props = await (await client.get('/props')).json()
    expect(props).toMatchObject({ build_info: 'scripted', model_path: 'scripted' })
    child.kill('SIGINT')
    expect((await stderr).trimEnd()).toBe(
      'The llama.cpp binary for this platform is missing (there is none); ' +
        'a scripted engine stands in: its output is not inference.',
    )
  })

  it('paces its tokens and takes its name and slots from the command line', async () => {
    const flags = ['--scripted', '--token-delay-ms', '30', '--slots', '4', '--alias', 'slow']
    const { ready, client } = await serve(program('serve.ts'), ...flags)
    expect(ready).toMatchObject({ engine: 'scripted', model: 'slow' })
    expect(await (await client.get('/slots')).json()).toHaveLength(4)
    const startedMs = performance.now()
    await client.chat('Slowly', { max_tokens: 5 })
    expect(performance.now() - startedMs).toBeGreaterThan(5 * 30 - 10)
  })

  it('says in one sentence what is wrong with its arguments', async () => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [[], 'Name the model with --model FILE, or pass --scripted.'],
      [['--nonsense'], "Unknown option '--nonsense'"],
      [['--scripted', '--port', 'x'], '--port must be a whole number.'],
      [['--scripted', '--port', '70000'], '--port must be at most 65535.'],
      [['--scripted', '--slots', '0'], '--slots must be at least 1.'],
      [['--model', '/missing.gguf'], 'There is no model file /missing.gguf;'],
      [['--model', 'package.json'], 'package.json is not a GGUF version 3 file;'],
    ]
    await Promise.all(
      cases.map(async ([flags, message]) => {
        const { code, stdout, stderr } = await run(program('serve.ts'), ...flags)
        expect({ flags, code, stdout }).toEqual({ flags, code: 1, stdout: '' })
        expect(stderr).toContain(message)
        expect(stderr.split('\n')).toHaveLength(1)
      }),
    )
  })

  it.skipIf(llama.missing)('refuses a model that is not its own', async () => {
    const other = join(model.folder, 'other.gguf')
    const metadata = { 'general.architecture': { type: 'string', value: 'llama' } } as const
    await writeFile(other, encodeGguf({ metadata, tensors: [] }))
    const { code, stderr } = await run(program('serve.ts'), '--model', other)
    expect(code).toBe(1)
    expect(stderr).toContain('other.gguf is not the demo model')
  })

  it('names a port that is in use', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const port = z.object({ port: z.int() }).parse(holder.address()).port
    const { code, stderr } = await run(program('serve.ts'), '--scripted', '--port', `${port}`)
    holder.close()
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `Port ${port} is in use; choose another with --port.`,
    })
  })
})

describe('write-model', () => {
  it('prints the path, size and digest of what it wrote', async () => {
    const path = join(model.folder, 'written.gguf')
    const { code, stdout } = await run(program('write-model.ts'), path)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\/.*written\.gguf\n\d+ bytes\nsha256 [0-9a-f]{64}\n$/)
    const beside = await readFile(join(model.folder, 'written.tokenizer.json'))
    expect(beside.equals(demoTokenizer)).toBe(true)
    expect(existsSync(join(model.folder, 'written-embed.gguf'))).toBe(true)
  })

  it('says in one sentence why a file cannot be written', async () => {
    const { code, stderr } = await run(program('write-model.ts'), '/missing/x.gguf')
    expect(code).toBe(1)
    expect(stderr).toBe(
      'The model cannot be written to /missing/x.gguf: ' +
        'its folder does not exist; create the folder first.',
    )
  })
})

describe('calibrate', () => {
  it('measures what the local catalogue says of these engines', async () => {
    const { code, stdout } = await run(program('calibrate.ts'), '--scripted')
    expect(code).toBe(0)
    const band = z.object({ mean: z.number(), min: z.number() })
    const report = z
      .object({ prompt: band, completion: band })
      .parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''))
    for (const kind of ['prompt', 'completion'] as const) {
      const { mean, band } = ownRatios[kind]
      expect(Math.abs(report[kind].mean / mean - 1)).toBeLessThan(0.02)
      // The densest request stays within what its host may claim.
      expect(mean / report[kind].min).toBeLessThan(1 + band)
    }
  })
})
