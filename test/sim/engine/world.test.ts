// What a world does to the processes in it, on a store of one number.
import { describe, expect, test } from 'vitest'
import type { Actor, Task } from './actor.ts'
import { type FaultName, noFaults } from './faults.ts'
import { makeLog } from './log.ts'
import { makeStream } from './random.ts'
import { makeWorld, StoreFault } from './world.ts'

const startMs = Date.UTC(2026, 10, 21)

function openWorld(fault?: { readonly name: FaultName; readonly rate: number }) {
  const counts = new Map<string, number>()
  const log = makeLog({ keepsLines: true })
  const world = makeWorld({
    startMs,
    faults: fault ? { ...noFaults, [fault.name]: fault.rate } : noFaults,
    latencyScaleMs: 20,
    log,
    count: (what) => counts.set(what, (counts.get(what) ?? 0) + 1),
  })
  const store = { value: 0 }
  const process = (name: string, clockErrorMs = 0): Actor => ({
    name,
    clockErrorMs,
    isAlive: true,
    pausedUntilUs: 0,
  })
  const taskOf = (actor: Actor, name: string): Task => ({
    actor,
    name,
    draws: makeStream(1, name),
  })
  const add = (task: Task) =>
    world.call<string>(task, {
      name: 'add',
      isWrite: true,
      unknown: 'unknown',
      apply: async () => {
        store.value += 1
        return `now ${store.value}`
      },
    })
  const read = (task: Task) =>
    world.call<number>(task, {
      name: 'read',
      isWrite: false,
      unknown: undefined,
      apply: async () => store.value,
    })
  return { world, store, log, counts, process, taskOf, add, read }
}

describe('a call', () => {
  test('takes time on its way there and back', async () => {
    const { world, process, taskOf, add } = openWorld()
    const answers: string[] = []
    const task = taskOf(process('gateway'), 'request')
    world.spawn(task, async () => void answers.push(await add(task)))
    await world.run()
    expect(answers).toEqual(['now 1'])
    expect(world.nowMs()).toBeGreaterThan(startMs)
  })

  test.each([
    ['throttled', 0],
    ['lostRequest', 0],
    ['lostReply', 1],
    ['lateWrite', 1],
  ] as const)('that is %s has an unknown outcome; the store ends at %d', async (name, ends) => {
    const { world, store, process, taskOf, add, counts } = openWorld({ name, rate: 1 })
    const answers: string[] = []
    const task = taskOf(process('gateway'), 'request')
    world.spawn(task, async () => {
      answers.push(await add(task))
      if (name === 'lateWrite') expect(store.value).toBe(0)
    })
    await world.run()
    expect(answers).toEqual(['unknown'])
    expect(store.value).toBe(ends)
    expect(counts.get(name)).toBe(1)
  })

  test('without an unknown outcome throws where no answer comes', async () => {
    const { world, process, taskOf, read } = openWorld({ name: 'lostReply', rate: 1 })
    const errors: unknown[] = []
    const task = taskOf(process('gateway'), 'request')
    world.spawn(task, async () => void (await read(task).catch((error) => errors.push(error))))
    await world.run()
    expect(errors).toEqual([expect.any(StoreFault)])
  })

  test('whose store throws ends the history', async () => {
    const { world, process, taskOf } = openWorld()
    const task = taskOf(process('gateway'), 'request')
    const broken = async () => {
      throw new Error('two holds under one id')
    }
    const call = { name: 'break', isWrite: true, unknown: 'unknown', apply: broken }
    world.spawn(task, async () => void (await world.call<string>(task, call)))
    await expect(world.run()).rejects.toThrow('two holds under one id')
  })
})

describe('a process', () => {
  test('that crashes never goes on, though what it sent arrives', async () => {
    const { world, store, process, taskOf, add } = openWorld({ name: 'crash', rate: 1 })
    const actor = process('gateway')
    const task = taskOf(actor, 'request')
    let wentOn = false
    world.spawn(task, async () => {
      await add(task)
      wentOn = true
    })
    await world.run()
    expect({ wentOn, isAlive: actor.isAlive, value: store.value }).toEqual({
      wentOn: false,
      isAlive: false,
      value: 1,
    })
  })

  test('that stands still goes on later, with all that it runs', async () => {
    const { world, process, taskOf, add } = openWorld({ name: 'pause', rate: 1 })
    const actor = process('gateway')
    const ended: number[] = []
    for (const name of ['one', 'other']) {
      const task = taskOf(actor, name)
      world.spawn(task, async () => {
        await add(task)
        ended.push(world.nowMs())
      })
    }
    await world.run()
    expect(ended).toHaveLength(2)
    expect(Math.min(...ended)).toBeGreaterThan(startMs + 1_000)
  })

  test('has a clock of its own', () => {
    const { world, process } = openWorld()
    expect(world.clockOf(process('gateway', -60_000))()).toBe(startMs - 60_000)
  })

  test('sleeps in virtual time, and no longer than its signal lets it', async () => {
    const { world, process, taskOf } = openWorld()
    const task = taskOf(process('gateway'), 'request')
    const sleep = world.sleepOf(task)
    const woken: [string, number][] = []
    const stop = new AbortController()
    const note = (name: string) => woken.push([name, world.nowMs() - startMs])
    world.spawn(task, async () => {
      void sleep(3_600_000, stop.signal).then(() => note('stopped'))
      void sleep(5_000, AbortSignal.abort()).then(() => note('never began'))
      await sleep(1_000)
      note('slept')
      stop.abort()
    })
    await world.run()
    expect(woken).toEqual([
      ['never began', 0],
      ['slept', 1_000],
      ['stopped', 1_000],
    ])
    expect(world.nowMs()).toBe(startMs + 1_000)
  })
})

test('between two events every promise that can settle has settled', async () => {
  const { world, process, taskOf } = openWorld()
  const order: string[] = []
  const deep = async (name: string) => {
    for (let turn = 0; turn < 1_000; turn += 1) await undefined
    order.push(name)
  }
  for (const name of ['first', 'second', 'third']) {
    world.spawn(taskOf(process(name), name), () => {
      order.push(`${name} begins`)
      return deep(name)
    })
  }
  await world.run()
  expect(order).toEqual(['first', 'second', 'third'].flatMap((name) => [`${name} begins`, name]))
})

test('after the faults everything is answered', async () => {
  const { world, process, taskOf, add } = openWorld({ name: 'lostReply', rate: 1 })
  const task = taskOf(process('gateway'), 'request')
  const answers: string[] = []
  world.calm()
  world.spawn(task, async () => void answers.push(await add(task), await add(task)))
  await world.run()
  expect(answers).toEqual(['now 1', 'now 2'])
})

test('the log has one line for each event, and tells when, who, what and how', async () => {
  const { world, log, process, taskOf, add } = openWorld()
  const task = taskOf(process('gateway 1'), 'request1')
  world.spawn(task, async () => void (await add(task)))
  world.later(90_000, 'faults end', () => undefined)
  await world.run()
  expect(log.lines.map((line) => line.replace(/ +/g, ' ').trim())).toEqual([
    '0.000s request1 begins gateway 1',
    expect.stringMatching(/^0\.\d{3}s request1 add ok$/),
    '90.000s world faults end',
  ])
})
