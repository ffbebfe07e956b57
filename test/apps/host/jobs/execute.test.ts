import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { updateAgent } from '../../../../apps/host/jobs/agent-update.ts'
import { execute } from '../../../../apps/host/jobs/execute.ts'
import type { Ground } from '../../../../apps/host/jobs/ground.ts'
import { redact } from '../../../../apps/host/jobs/redact.ts'
import { releasePublicKey } from '../../../../apps/host/jobs/release-key.ts'
import { generatePrivateKey, makeSigner } from '../../../../src/protocol/ed25519.ts'
import { hashRanges, rangeHash } from '../../../../src/protocol/hash-ranges.ts'
import { signRelease } from '../../../../src/protocol/release.ts'
import { portOf } from '../support/fake-runtime.ts'
import { aRun, makeGround } from './support.ts'

const digest = `sha256:${'a'.repeat(64)}`

describe('jobs that look and switch', () => {
  it('check health with fresh readings', async () => {
    const { ground, done } = await makeGround()
    const outcome = await execute({ type: 'health.check', args: {} }, ground, aRun().run)
    expect(outcome).toMatchObject({
      kind: 'succeeded',
      output: { state: 'ready', runtimes: [], in_flight: 0, disk_free_bytes: 20 * 1024 ** 3 },
    })
    expect(done).toEqual(['poll'])
  })

  it('drain and resume', async () => {
    const { ground, done } = await makeGround()
    await execute({ type: 'drain', args: {} }, ground, aRun().run)
    await execute({ type: 'resume', args: {} }, ground, aRun().run)
    expect(done).toEqual(['drained', 'resumed'])
  })

  it('set a ceiling that the owner’s limit caps', async () => {
    const { ground } = await makeGround()
    const set = (value: number) =>
      execute({ type: 'config.set', args: { key: 'max_concurrency', value } }, ground, aRun().run)
    expect(await set(2)).toMatchObject({ output: { max_concurrency: 2 } })
    expect(await set(4096)).toMatchObject({ output: { max_concurrency: 4 } })
  })
})

describe('model.hash_range', () => {
  const nonce = 'n'.repeat(22)
  const order = {
    type: 'model.hash_range',
    args: { profile_id: 'p1', artifact_digest: digest, nonce },
  } as const

  it.each([100, 200_000])(
    'answers with the parts of %i bytes that the nonce draws',
    async (size) => {
      const bytes = randomBytes(size)
      const path = join(await mkdtemp(join(tmpdir(), 'b3iq-hash-')), 'model.gguf')
      await writeFile(path, bytes)
      const { ground } = await makeGround({ fileOf: () => ({ path, sizeBytes: size }) })
      const expected = hashRanges(nonce, size).map(({ offset, length }, index) =>
        rangeHash(nonce, index, bytes.subarray(offset, offset + length)),
      )
      expect(expected).toHaveLength(16)
      const outcome = await execute(order, ground, aRun().run)
      expect(outcome).toEqual({ kind: 'succeeded', output: { size_bytes: size, hashes: expected } })
      const changed = await makeGround({ fileOf: () => ({ path, sizeBytes: size + 1 }) })
      expect(await execute(order, changed.ground, aRun().run)).toMatchObject({
        reason: 'file_changed',
      })
    },
  )

  it('is refused where the file is not known', async () => {
    const { ground } = await makeGround()
    const outcome = await execute(order, ground, aRun().run)
    expect(outcome).toEqual({ kind: 'rejected', reason: 'no_such_file' })
  })
})

describe('runtime.restart', () => {
  const order = { type: 'runtime.restart', args: { runtime_id: 'main' } } as const
  const runtime = { id: 'main', kind: 'vllm', url: 'http://x', reachable: true } as const
  const restart = async (changes: Partial<Ground>) => {
    const { ground } = await makeGround(changes)
    return execute(order, ground, aRun(AbortSignal.timeout(300)).run)
  }

  it('is refused where the owner named no service', async () => {
    expect(await restart({})).toMatchObject({ reason: 'no_such_runtime' })
    const runtimes = () => [{ ...runtime, service: undefined }]
    expect(await restart({ runtimes })).toEqual({
      kind: 'rejected',
      reason: 'no_service_configured',
    })
  })

  it('restarts that unit, and no other word reaches the command', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'b3iq-restart-'))
    const [command, told] = [join(folder, 'systemctl'), join(folder, 'told')]
    await writeFile(command, `#!/bin/sh\necho "$@" > ${told}\n`)
    await chmod(command, 0o700)
    const runtimes = () => [{ ...runtime, service: 'vllm.service' }]
    const outcome = await restart({ runtimes, serviceCommand: command })
    expect(outcome).toMatchObject({ kind: 'succeeded', output: { reachable: true } })
    expect(await readFile(told, 'utf8')).toBe('restart -- vllm.service\n')
  })

  it('fails where the command fails or the runtime stays away', async () => {
    const service = 'vllm.service'
    const runtimes = () => [{ ...runtime, service, reachable: false }]
    expect(await restart({ runtimes })).toMatchObject({ reason: 'restart_failed' })
    const away = await restart({ runtimes, serviceCommand: 'true' })
    expect(away).toMatchObject({ kind: 'failed', reason: 'runtime_not_back' })
  })
})

describe('agent.update', () => {
  const key = makeSigner(generatePrivateKey())
  const bytes = randomBytes(1_000)
  const release = (changes: object = {}, by = key) => ({
    release: signRelease(
      {
        v: 1,
        version: '0.2.0',
        sha256: createHash('sha256').update(bytes).digest('hex'),
        size_bytes: bytes.length,
        urls: ['https://127.0.0.1:1/agent'],
        ...changes,
      },
      by,
    ),
  })
  const update = async (args: ReturnType<typeof release>, changes: Partial<Ground> = {}) => {
    const { ground } = await makeGround({ releasePublicKey: key.publicKey, ...changes })
    return { outcome: await updateAgent(args, ground, aRun().run), ground }
  }

  it('has no key in this build, so it is always refused', async () => {
    expect(releasePublicKey).toBeUndefined()
    const { outcome } = await update(release(), { releasePublicKey })
    expect(outcome).toEqual({ kind: 'rejected', reason: 'no_release_key' })
  })

  it.each([
    ['release_not_genuine', release({}, makeSigner(generatePrivateKey())), {}],
    ['not_newer', release({ version: '0.1.0' }), {}],
    ['not_newer', release({ version: '0.0.9' }), {}],
    ['agent_update_off', release(), { agentUpdate: 'off' }],
    ['owner_must_agree', release(), { agentUpdate: 'ask' }],
  ] as const)('is refused: %s', async (reason, args, changes) => {
    expect((await update(args, changes)).outcome).toEqual({ kind: 'rejected', reason })
  })

  async function serve(body: Buffer): Promise<string> {
    const server = createServer((_, response) => void response.end(body))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    return `http://127.0.0.1:${portOf(server)}/agent`
  }

  it('puts exactly what was signed where it can be started', async () => {
    const urls = ['https://127.0.0.1:1/agent', await serve(bytes)]
    const { outcome, ground } = await update(release({ urls }))
    expect(outcome).toMatchObject({ kind: 'succeeded', output: { installed: false } })
    const path = join(ground.releasesFolder, 'b3iq-host-0.2.0')
    expect(await readFile(path)).toEqual(bytes)
  })

  it.each([
    ['other bytes', randomBytes(1_000)],
    ['too few', bytes.subarray(1)],
    ['too many', Buffer.concat([bytes, bytes])],
  ])('leaves nothing of %s', async (_, body) => {
    const { outcome, ground } = await update(release({ urls: [await serve(body)] }))
    expect(outcome).toEqual({ kind: 'rolled_back', reason: 'release_not_fetched' })
    await expect(readFile(join(ground.releasesFolder, 'b3iq-host-0.2.0.part'))).rejects.toThrow()
  })
})

describe('what leaves the host', () => {
  it.each([
    [{ tunnel_token: 'abc' }, { tunnel_token: '[redacted]' }],
    [{ headers: [{ authorization: 'x' }] }, { headers: [{ authorization: '[redacted]' }] }],
    ['http://me:pass@host/v1', 'http://[redacted]@host/v1'],
    ['https://host/?token=abc&x=1', 'https://host/?token=[redacted]&x=1'],
    ['sent Bearer abcdefgh12345', 'sent [redacted]'],
    [`b3iq-join-${'c'.repeat(22)}`, '[redacted]'],
    ['sk-b3iq-abcdefghijklmnop0123', '[redacted]'],
    ['-----BEGIN PRIVATE KEY-----\nabc', '[redacted]'],
    [
      { tokens_per_second: 5, has_token: true },
      { tokens_per_second: 5, has_token: true },
    ],
    [
      { models: 3, note: null },
      { models: 3, note: null },
    ],
  ])('%j is redacted', (given, expected) => {
    expect(redact(given)).toEqual(expected)
  })
})
