// Against a real program that answers, fails or hangs as nvidia-smi does.
import { describe, expect, it } from 'vitest'
import { makeGpuQuery } from '../../../../apps/host/gpu/gpu-query.ts'
import { makeSmi } from '../../../../apps/host/gpu/smi.ts'
import { GpuReport } from '../../../../src/protocol/heartbeat.ts'
import { fakeSmi, gamingCard, help, print } from '../support/fake-smi.ts'

const queryOf = async (parts: Parameters<typeof fakeSmi>[0], limitMs?: number) => {
  const { command } = await fakeSmi(parts)
  return makeGpuQuery(makeSmi(command, limitMs))
}
const gpusOf = async (parts: Parameters<typeof fakeSmi>[0]) => {
  const sights = await (await queryOf(parts))()
  return sights.ok ? sights.gpus : sights.reason
}

describe('the GPUs', () => {
  it('are read with what they are and how they do', async () => {
    expect(await gpusOf({})).toEqual([
      {
        driver: '570.86',
        computeCapability: '8.9',
        report: {
          uuid: gamingCard.uuid,
          name: 'NVIDIA GeForce RTX 4090',
          mem_used_mib: 20_311,
          mem_total_mib: 24_564,
          util_pct: 71,
          temp_c: 66,
          power_w: 288.13,
        },
      },
    ])
  })

  it.each([
    [
      'GPU-1, NVIDIA GB10, 580.1, 12.1, [N/A], [N/A], 0, 41, 12.50',
      { mem_used_mib: null, util_pct: 0, power_w: 12.5 },
    ],
    [
      'GPU-2, [Unknown Error], 1, [N/A], 1, 2, [Not Supported], 30, [N/A]',
      { name: null, util_pct: null, power_w: null },
    ],
    ['GPU-3, Tesla, 1, 7.0, 1, 2, 250, -5, -1', { util_pct: null, temp_c: -5, power_w: null }],
    ['GPU-4, Tesla, 1, 7.0, 0 MiB, 2 MiB, 0 %, 30 C, 9 W', { mem_used_mib: 0, util_pct: 0 }],
  ])('have nulls for what is not told: %s', async (line, expected) => {
    const gpus = await gpusOf({ gpus: print(line) })
    const report = GpuReport.parse(gpus[0] instanceof Object ? gpus[0].report : undefined)
    expect(report).toMatchObject(expected)
  })

  it.each([
    '',
    'Field "power.draw" is not a valid field to query.',
    'Unable to determine the device handle for GPU0000:01:00.0: Unknown Error',
    'a, b, c, d, e, f, g, h, i',
    `${gamingCard.line}, one cell more`,
    '\u0000\u0001\u0002',
  ])('are none in the line "%s"', async (line) => {
    expect(await gpusOf({ gpus: print(line) })).toEqual([])
  })

  it('beyond the sixteenth are left out, and Windows ends its lines otherwise', async () => {
    const lines = Array.from({ length: 20 }, (_, at) =>
      gamingCard.line.replace('8a1b2c3d', `${at}`),
    )
    expect(await gpusOf({ gpus: print(lines.join('\r\n')) })).toHaveLength(16)
  })

  it('are none where the driver says so, whatever its exit code', async () => {
    expect(await gpusOf({ gpus: 'echo No devices were found; exit 6' })).toEqual([])
  })
})

describe('the fields', () => {
  it('are probed once, and those that this driver does not know are not asked for', async () => {
    const { command, asked } = await fakeSmi({
      help: print(help.replace('"compute_cap"\n', '').replace('"power.draw"', '')),
      gpus: print('GPU-1, Tesla K80, 390.1, 100, 11441, 0, 30'),
    })
    const query = makeGpuQuery(makeSmi(command))
    const [first, second] = [await query(), await query()]
    expect(first).toEqual(second)
    expect(first).toMatchObject({
      gpus: [{ computeCapability: null, report: { util_pct: 0, temp_c: 30, power_w: null } }],
    })
    const fields = 'uuid,name,driver_version,memory.used,memory.total,utilization.gpu'
    const question = `--query-gpu=${fields},temperature.gpu`
    expect(await asked()).toEqual(['--help-query-gpu', question, question])
  })

  it.each(['exit 1', 'echo no help here'])('are all tried without help (%s)', async (noHelp) => {
    expect(await gpusOf({ help: noHelp })).toHaveLength(1)
  })
})

describe('the program', () => {
  it('that is missing is told as that', async () => {
    expect(await makeGpuQuery(makeSmi('/nowhere/nvidia-smi'))()).toMatchObject({
      ok: false,
      reason: 'missing',
    })
  })

  it.each([
    ['exits with an error', `${print(gamingCard.line)}; exit 9`],
    ['prints without end', 'yes "GPU-1, a, b"'],
  ])('that %s has failed', async (_, gpus) => {
    expect(await gpusOf({ gpus })).toBe('failed')
  })

  it('that hangs is left behind in time, with all that it started', async () => {
    const query = await queryOf({ gpus: 'sleep 30 & wait' }, 200)
    const startedMs = performance.now()
    expect(await query()).toMatchObject({ ok: false, reason: 'timeout' })
    expect(performance.now() - startedMs).toBeLessThan(3_000)
  })

  it('that hangs for good is not started a second time', async () => {
    const { command, asked } = await fakeSmi({ gpus: "trap '' TERM; sleep 1" })
    const smi = makeSmi(command, 200)
    // Killed at once, it is still there when the next look comes in the same turn.
    const both = await Promise.all([smi(['--query-gpu=uuid']), smi(['--query-gpu=uuid'])])
    expect(both.map((output) => output.ok)).toEqual([false, false])
    const third = smi(['--query-gpu=uuid'])
    expect(await third).toMatchObject({ reason: 'timeout' })
    expect((await asked()).length).toBeLessThanOrEqual(2)
  })
})
