import { describe, expect, it } from 'vitest'
import {
  foreignApps,
  type GpuUse,
  gpuUsedByOthers,
  parseGpuApps,
} from '../../../../apps/host/gpu/gpu-apps.ts'
import { parseGpus } from '../../../../apps/host/gpu/gpu-query.ts'

const gpu = (util: string) =>
  parseGpus(`GPU-1, RTX, 1, 8.9, 1, 2, ${util}, 50, 100`).map(({ report }) => report)
const use = (apps: string, change: Partial<GpuUse> = {}): GpuUse => ({
  apps: parseGpuApps(apps),
  gpus: gpu('0'),
  kinds: ['ollama'],
  running: 0,
  ...change,
})

describe('a program on the GPU', () => {
  it('is read, commas in its path included', () => {
    expect(parseGpuApps('GPU-1, 4242, /opt/a, b/game, 2048\r\n')).toEqual([
      { gpuUuid: 'GPU-1', pid: 4242, name: '/opt/a, b/game', memUsedMib: 2048 },
    ])
  })

  it.each(['', 'No running processes found', 'x, 1, 2', 'nothing, 1, game, 2048'])(
    'is none in "%s"',
    (line) => {
      expect(parseGpuApps(line)).toEqual([])
    },
  )
})

describe('the GPU is used by others', () => {
  it.each<[string, GpuUse, boolean]>([
    ['nobody', use(''), false],
    ['a game', use('GPU-1, 1, C:\\Games\\game.exe, 4096'), true],
    ['our runtime', use('GPU-1, 1, /usr/bin/ollama, 9000'), false],
    [
      'our runtime of another kind',
      use('GPU-1, 1, /usr/bin/ollama, 9000', { kinds: ['vllm'] }),
      true,
    ],
    ['the engine of vLLM', use('GPU-1, 1, VLLM::EngineCore, 9000', { kinds: ['vllm'] }), false],
    ['a desktop at rest', use('GPU-1, 1, /usr/lib/xorg/Xorg, 120'), false],
    ['a program of another container', use('GPU-1, 1, [Not Found], 9000'), false],
    ['Windows, which tells no memory', use('GPU-1, 1, C:\\dwm.exe, [N/A]'), false],
    [
      'any program beside an unknown server',
      use('GPU-1, 1, /opt/x, 9000', { kinds: ['openai'] }),
      false,
    ],
    ['load while our runtimes rest', use('', { gpus: gpu('25') }), true],
    ['little load while our runtimes rest', use('', { gpus: gpu('24') }), false],
    ['load while our runtimes work', use('', { gpus: gpu('99'), running: 1 }), false],
    ['load that is not told', use('', { gpus: gpu('[N/A]') }), false],
  ])('%s', (_, facts, expected) => {
    expect(gpuUsedByOthers(facts)).toBe(expected)
  })

  it('and by whom', () => {
    const facts = use('GPU-1, 1, /usr/bin/ollama, 9000\nGPU-1, 2, blender, 8000')
    expect(foreignApps(facts).map(({ name }) => name)).toEqual(['blender'])
  })
})
