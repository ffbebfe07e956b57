import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { check, type Finding, ok } from '../../../../apps/host/doctor/check.ts'
import { checkDisk, freeSpaceFinding } from '../../../../apps/host/doctor/disk.ts'
import {
  checkApproval,
  checkEnrolment,
  checkIngest,
  checkKey,
  checkOperatorKeys,
} from '../../../../apps/host/doctor/identity.ts'
import { checkGpu, checkRuntime, checkTunnel } from '../../../../apps/host/doctor/machine.ts'
import { checkRoute } from '../../../../apps/host/doctor/route.ts'
import { doctorText } from '../../../../apps/host/doctor/text.ts'
import { parseGpus } from '../../../../apps/host/gpu/gpu-query.ts'
import type { LearnedKeys } from '../../../../apps/host/operator-keys.ts'
import { freshState } from '../../../../apps/host/state-file.ts'
import { StatedError } from '../../../../apps/host/stated-error.ts'
import type { InventoryModel, RuntimeReport } from '../../../../src/protocol/heartbeat.ts'
import { enrolledState } from '../support/enrolled-state.ts'
import { gamingCard } from '../support/fake-smi.ts'
import { makeNodeKey } from '../support/proxy.ts'

const refused = (code: string) => ({ ok: false, error: { code, message: 'M.' } }) as const
const answered = { ok: true, value: {} } as const
const at = { url: 'https://ingest.example', offsetMs: 0 }
const node = makeNodeKey()
const enrolment = enrolledState.enrolment && { ...enrolledState.enrolment, node_id: node.nodeId }

const report: RuntimeReport = {
  id: 'rt1',
  kind: 'ollama',
  version: '0.33.0',
  reachable: true,
  loaded: [],
  queue: { source: 'agent', running: 0, waiting: 0, capacity: 8, health: 'ok', reason: null },
}
const model = (digest: string): InventoryModel => ({
  local_name: 'm',
  runtime_id: 'rt1',
  artifact: { format: 'gguf', digest, quantization: null, size_bytes: null },
  context_length: null,
  status: 'installed',
  remote: false,
})
const hashed = model(`sha256:${'7'.repeat(64)}`)
const runtime = (change: Partial<RuntimeReport>, models = [hashed]) =>
  checkRuntime({ ...report, ...change }, { url: 'http://localhost:11434', models })

const route = {
  publicUrl: 'https://node.example',
  isRunning: true,
  probe: { probed: 'ours', detail: 'answers with the signature of this node' },
  provenOutside: undefined,
} as const
const silent = { probed: 'silent', detail: 'ECONNREFUSED' } as const
const foreign = { probed: 'foreign', detail: 'answers without the signature' } as const

function withKeys(refused: LearnedKeys['refused']): Finding {
  const ends = (key: string, not_after_ms: number | null) => ({
    public_key: key.repeat(43),
    not_after_ms,
  })
  const ticket_roots = [ends('A', 0), ends('E', null)]
  const learned_keys = { digest: 'd'.repeat(64), refused, ticket_roots, job_keys: [] }
  return checkOperatorKeys(
    { ...enrolledState, enrolment: enrolment && { ...enrolment, learned_keys } },
    3_600_000,
  )
}

const rows: readonly (readonly [what: string, Finding, verdict: string, says: string])[] = [
  ['no key', checkKey('node.key', undefined), 'blocked', 'b3iq-host enroll'],
  ['a key', checkKey('node.key', node), 'ok', node.nodeId],
  ['no enrolment', checkEnrolment(freshState, node), 'blocked', 'b3iq-host enroll'],
  ['another enrolment', checkEnrolment(enrolledState, node), 'blocked', 'Put the key'],
  ['an enrolment', checkEnrolment({ ...enrolledState, enrolment }, node), 'ok', 'B3IQ-N7K4'],
  ['ingest down', checkIngest(refused('unreachable'), at), 'blocked', 'port 443'],
  ['ingest up', checkIngest(answered, at), 'ok', '0 s behind'],
  ['ingest that refuses still answers', checkIngest(refused('rate_limited'), at), 'ok', 'answers'],
  ['a clock ahead', checkIngest(answered, { ...at, offsetMs: -31_000 }), 'warning', '31 s ahead'],
  ['keys not heard of', checkOperatorKeys(enrolledState, 0), 'skipped', 'first accepted beat'],
  ['keys before enrolment', checkOperatorKeys(freshState, 0), 'skipped', 'Not enrolled'],
  ['keys that follow', withKeys(null), 'ok', 'Ticket roots: 1; job keys: 0.'],
  ['keys made anew', withKeys('no_known_root'), 'warning', 'were made anew'],
  ['keys of another stage', withKeys('wrong_stage'), 'warning', 'wrong_stage'],
  ['keys that all end', withKeys('no_root_in_use'), 'warning', 'does not lead to keys in use'],
  ['approved', checkApproval(answered), 'ok', 'knows this node'],
  ['pending', checkApproval(refused('pending_approval')), 'blocked', 'waits for approval'],
  ['unknown', checkApproval(refused('unknown_node')), 'blocked', 'b3iq-host enroll'],
  ['revoked', checkApproval(refused('node_revoked')), 'blocked', 'node_revoked'],
  ['not to be asked', checkApproval(refused('unreachable')), 'skipped', 'Not known'],
  [
    'a GPU',
    checkGpu({ ok: true, gpus: parseGpus(gamingCard.line) }),
    'ok',
    'RTX 4090; driver 570.86',
  ],
  ['no GPU', checkGpu({ ok: true, gpus: [] }), 'warning', 'sees no GPU'],
  ['no tool', checkGpu({ ok: false, reason: 'missing' }), 'warning', 'Install the driver'],
  [
    'a hanging driver',
    checkGpu({ ok: false, reason: 'timeout' }),
    'warning',
    'Restart the machine',
  ],
  ['a runtime', runtime({}), 'ok', 'all known by the hash'],
  ['a name alone', runtime({}, [hashed, model('name:x')]), 'ok', '1 known by name alone'],
  ['a silent runtime', runtime({ reachable: false }), 'blocked', 'Start the runtime'],
  ['no model', runtime({}, []), 'blocked', 'Install one'],
  ['a model not hashed yet', runtime({ loaded: ['m'] }, []), 'warning', 'Start the agent'],
  [
    'a stalled runtime',
    runtime({ queue: { ...report.queue, health: 'blocked', reason: 'Restart the runtime.' } }),
    'blocked',
    'Restart the runtime.',
  ],
  [
    'a busy runtime',
    runtime({ queue: { ...report.queue, health: 'busy', reason: 'Full.' } }),
    'ok',
    'is busy',
  ],
  ['no tunnel needed', checkTunnel('', undefined), 'skipped', 'direct'],
  [
    'a tunnel program',
    checkTunnel('cloudflared', { ok: true, text: 'cloudflared version 2026.8.0\nmore' }),
    'ok',
    '2026.8.0 is installed',
  ],
  [
    'no tunnel program',
    checkTunnel('cloudflared', { ok: false, reason: 'missing', text: '' }),
    'blocked',
    'Install cloudflared',
  ],
  ['a route', checkRoute(route), 'ok', 'signature of this node'],
  [
    'a route that ends here alone',
    checkRoute({ ...route, provenOutside: false }),
    'warning',
    'firewall',
  ],
  ['a route to others', checkRoute({ ...route, probe: foreign }), 'blocked', 'nothing else'],
  ['a route that is down', checkRoute({ ...route, probe: silent }), 'blocked', 'ECONNREFUSED'],
  [
    'no hairpin',
    checkRoute({ ...route, probe: silent, provenOutside: true }),
    'ok',
    'answers the operator',
  ],
  [
    'no agent',
    checkRoute({ ...route, probe: silent, isRunning: false }),
    'skipped',
    'does not run',
  ],
  ['no route', checkRoute({ ...route, publicUrl: undefined }), 'skipped', 'no public route'],
  ['room on the disk', freeSpaceFinding('/var', 200), 'ok', '200 MiB'],
  ['little room', freeSpaceFinding('/var', 199), 'warning', 'Free disk space'],
  ['no room', freeSpaceFinding('/var', 9), 'blocked', 'Free disk space'],
]

describe('the finding of', () => {
  it.each(rows)('%s', (_, finding, verdict, says) => {
    expect(finding.verdict).toBe(verdict)
    expect('todo' in finding ? `${finding.found} ${finding.todo}` : finding.found).toContain(says)
  })

  it('a folder that is made at the first start', async () => {
    const { found } = await checkDisk(join(tmpdir(), 'b3iq-none', 'deep', 'state.json'))
    expect(found.startsWith(`${tmpdir()} has `)).toBe(true)
  })
})

const patient = () => new Promise<void>(() => undefined)

describe('a check', () => {
  it('that cannot read what it needs says what to do', async () => {
    const find = () => {
      throw new StatedError('The key file is open to others: run chmod 600 on it.')
    }
    expect(await check('key', { find, sleep: patient })).toEqual({
      name: 'key',
      verdict: 'blocked',
      found: 'The key file is open to others: run chmod 600 on it.',
      todo: '',
    })
  })

  it('that fails is a finding too', async () => {
    const find = () => Promise.reject(new Error('no such call'))
    expect(await check('key', { find, sleep: patient })).toMatchObject({
      verdict: 'blocked',
      found: 'the check failed: no such call.',
    })
  })

  it('that never ends is given up', async () => {
    const find = () => new Promise<Finding>(() => undefined)
    const sleep = async () => undefined
    expect(await check('key', { find, sleep })).toMatchObject({ verdict: 'blocked' })
  })
})

it('findings are told one line each, with their marks', () => {
  const text = doctorText([
    { name: 'config', ...ok('Complete.') },
    { name: 'runtime rt1', verdict: 'blocked', found: 'Silent.', todo: 'Start it.' },
    { name: 'gpu', verdict: 'warning', found: 'None.', todo: 'Install one.' },
    { name: 'route', verdict: 'skipped', found: 'None.' },
  ])
  expect(text.split('\n')).toEqual([
    '   CHECK        FOUND, AND WHAT TO DO',
    '✓  config       Complete.',
    '✗  runtime rt1  Silent. Start it.',
    '!  gpu          None. Install one.',
    '-  route        None.',
    '',
    'One finding (✗) blocks this node.',
  ])
})
