import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseGpus, readGpus } from '../../../apps/host/gpu.ts'
import { GpuReport } from '../../../src/protocol/heartbeat.ts'

const gamingCard =
  'GPU-8a1b2c3d-0000-1111-2222-333344445555, NVIDIA GeForce RTX 4090, 20311, 24564, 71, 66, 288.13'

describe('a line of nvidia-smi', () => {
  it('gives one GPU', () => {
    expect(parseGpus(`${gamingCard}\n`)).toEqual([
      {
        uuid: 'GPU-8a1b2c3d-0000-1111-2222-333344445555',
        name: 'NVIDIA GeForce RTX 4090',
        mem_used_mib: 20_311,
        mem_total_mib: 24_564,
        util_pct: 71,
        temp_c: 66,
        power_w: 288.13,
      },
    ])
  })

  it('with Windows line ends gives the same', () => {
    expect(parseGpus(`${gamingCard}\r\n${gamingCard}\r\n`)).toHaveLength(2)
  })

  it.each([
    ['GPU-1, NVIDIA GB10, [N/A], [N/A], 3, 41, 12.50', { mem_used_mib: null, power_w: 12.5 }],
    ['GPU-2, [Unknown Error], 1, 2, [Not Supported], 30, [N/A]', { name: null, util_pct: null }],
    ['GPU-3, Tesla, 1, 2, 250, -5, -1', { util_pct: null, temp_c: -5, power_w: null }],
  ])('with unknown fields has nulls: %s', (line, expected) => {
    const [gpu] = parseGpus(line)
    expect(gpu).toMatchObject(expected)
    expect(GpuReport.safeParse(gpu).success).toBe(true)
  })

  it.each([
    '',
    'NVIDIA-SMI has failed because it couldn’t communicate with the NVIDIA driver.',
    'Field "power.draw" is not a valid field to query.',
    'No devices were found',
  ])('that is none gives no GPU: %s', (line) => {
    expect(parseGpus(line)).toEqual([])
  })

  it('beyond the sixteenth is left out', () => {
    expect(parseGpus(`${gamingCard}\n`.repeat(20))).toHaveLength(16)
  })
})

describe('reading GPUs', () => {
  async function script(text: string): Promise<string> {
    const path = join(await mkdtemp(join(tmpdir(), 'b3iq-smi-')), 'nvidia-smi')
    await writeFile(path, `#!/bin/sh\n${text}\n`)
    await chmod(path, 0o755)
    return path
  }

  it('asks nvidia-smi for plain numbers', async () => {
    const command = await script(`[ "$2" = --format=csv,noheader,nounits ] && echo '${gamingCard}'`)
    expect(await readGpus(command)).toHaveLength(1)
  })

  it('without the tool finds none', async () => {
    expect(await readGpus('/nowhere/nvidia-smi')).toEqual([])
  })

  it('with a tool that fails finds none', async () => {
    expect(await readGpus(await script(`echo '${gamingCard}'; exit 9`))).toEqual([])
  })
})
