import { describe, expect, it } from 'vitest'
import { bareFacts, factsAfter } from '../../../../apps/host/gpu/gpu-facts.ts'
import { parseGpus } from '../../../../apps/host/gpu/gpu-query.ts'
import { factsDigest, HostFacts } from '../../../../src/protocol/heartbeat.ts'

const platform = { os: 'linux', arch: 'x64' }
const one = 'GPU-1, NVIDIA H200, 570.86, 9.0, 5, 143771, 0, 30, 75.1'
const two = 'GPU-2, NVIDIA H200, 570.86, 9.0, 5, 143771, 0, 30, 75.1'
const facts = factsAfter(bareFacts(platform), parseGpus(`${one}\n${two}`))
const digestAfter = (csv: string) => factsDigest(factsAfter(facts, parseGpus(csv)))

describe('the facts of a host', () => {
  it('are its platform, driver and cards', () => {
    expect(HostFacts.parse(facts)).toEqual({
      ...platform,
      driver: '570.86',
      gpus: ['GPU-1', 'GPU-2'].map((uuid) => ({
        uuid,
        name: 'NVIDIA H200',
        mem_total_mib: 143_771,
        compute_capability: '9.0',
      })),
    })
  })

  it.each([
    ['load', `${one.replace('5, 143771, 0, 30, 75.1', '99, 143771, 88, 70, 700')}\n${two}`],
    ['the order of the cards', `${two}\n${one}`],
    [
      'what is not told this time',
      'GPU-1, [Unknown Error], [N/A], [N/A], [N/A], [N/A], 0, 1, 1\nGPU-2, [N/A], [N/A], [N/A], 1, [N/A], 0, 1, 1',
    ],
  ])('do not change with %s', (_, csv) => {
    expect(digestAfter(csv)).toBe(factsDigest(facts))
  })

  it.each([
    ['a card is missing', one],
    ['another card is there', `${one}\n${two.replace('GPU-2', 'GPU-3')}`],
    ['the driver is another', `${one}\n${two}`.replaceAll('570.86', '580.1')],
    ['no card is left', ''],
  ])('change when %s', (_, csv) => {
    expect(digestAfter(csv)).not.toBe(factsDigest(facts))
  })
})
