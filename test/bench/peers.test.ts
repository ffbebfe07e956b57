// What `npm run bench -- peers` reports of the rounds that it ran, and what it starts a peer with.
import { describe, expect, test } from 'vitest'
import { litellmConfig } from '../../bench/peers/litellm.ts'
import {
  figuresOf,
  type Measured,
  names,
  plotsOf,
  tableOf,
} from '../../bench/suites/peers/report.ts'
import type { Trial } from '../../bench/suites/peers/trial.ts'

const trial = (perSecond: number, cpuMsPerRequest: number | undefined): Trial => ({
  ...{ perSecond, cpuMsPerRequest },
  ...{ p50Ms: 8, p99Ms: 30, firstP50Ms: 5 },
})

/** The second round ran on a machine that was three times as slow. */
const measured: Measured = {
  shape: { isStream: false, concurrency: 16, rounds: 3, warmUps: 1, ms: 2_000 },
  trials: new Map([
    [names.canned, [trial(3_000, 0.3), trial(1_000, 0.3), trial(2_700, 0.36)]],
    [names.embedded, [trial(1_650, 0.35), trial(550, 0.35), trial(1_650, 0.35)]],
    [names.portkey, [trial(1_500, 0.6), trial(500, 0.6), trial(1_500, 0.6)]],
    [names.none, [trial(9_000, undefined), trial(3_000, undefined), trial(9_000, undefined)]],
  ]),
}

const without = (name: string): Measured => ({
  ...measured,
  trials: new Map([...measured.trials].filter(([known]) => known !== name)),
})

describe('figures', () => {
  test('are medians of what each round told of both', () => {
    const { requestsCanned, requestsEmbedded, cpuPerRequest } = figuresOf(measured)
    expect(requestsCanned).toBeCloseTo(2)
    expect(requestsEmbedded).toBeCloseTo(1.1)
    expect(cpuPerRequest).toBeCloseTo(0.5)
  })

  test('are left out where Portkey did not run', () => {
    expect(figuresOf(without(names.portkey))).toEqual({})
  })
})

describe('tables', () => {
  test('have a row for each variant, and no CPU of a host without a gateway', () => {
    const { rows } = tableOf(measured, new Map([[names.portkey, 204_800]]))
    expect(rows).toEqual([
      [names.canned, '2700 (1000 to 3000)', '2 (1.8 to 2)', ...waits, '0.3 (0.3 to 0.36)', '–'],
      [names.embedded, '1650 (550 to 1650)', '1.1 (1.1 to 1.1)', ...waits, all(0.35), '–'],
      [names.portkey, '1500 (500 to 1500)', '1 (1 to 1)', ...waits, all(0.6), 200],
      [names.none, '9000 (3000 to 9000)', '6 (6 to 6)', ...waits, '–', '–'],
    ])
  })

  test('have as many cells as heads, streamed or not, with memory or without', () => {
    const streamed = { ...measured, shape: { ...measured.shape, isStream: true } }
    for (const table of [tableOf(measured), tableOf(streamed, new Map([[names.portkey, 1_024]]))]) {
      for (const row of table.rows) expect(row).toHaveLength(table.columns.length)
    }
  })

  test('compare with nobody where Portkey did not run', () => {
    expect(tableOf(without(names.portkey)).rows[0]?.[2]).toBe('–')
  })
})

test('pictures show the gateways, and not the host itself', () => {
  const { requests, cpu } = plotsOf(measured)
  expect(requests).toContain(names.canned)
  expect(requests).toContain(names.portkey)
  expect(requests).not.toContain(names.none)
  expect(cpu).not.toContain(names.none)
})

test('LiteLLM sends each model to its own upstream, and asks it for nothing else', () => {
  const config = litellmConfig([
    { model: 'bench/words-8', url: 'http://127.0.0.1:1' },
    { model: 'counted/words-8', url: 'http://127.0.0.1:2' },
  ])
  expect(
    config.model_list.map(({ model_name, litellm_params }) => [model_name, litellm_params]),
  ).toEqual([
    [
      'bench/words-8',
      { model: 'openai/bench/words-8', api_base: 'http://127.0.0.1:1/v1', api_key: 'none' },
    ],
    [
      'counted/words-8',
      { model: 'openai/counted/words-8', api_base: 'http://127.0.0.1:2/v1', api_key: 'none' },
    ],
  ])
  expect(config.general_settings.disable_model_info_refresh).toBe(true)
})

const waits = ['8 (8 to 8)', '30 (30 to 30)']
const all = (value: number) => `${value} (${value} to ${value})`
