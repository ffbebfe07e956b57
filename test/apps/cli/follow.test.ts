// Watching a list whose rows do not come in the order of their ids: each is printed once, the oldest first.
import { describe, expect, it } from 'vitest'
import type { Fields } from '../../../apps/cli/api.ts'
import { follow } from '../../../apps/cli/follow.ts'
import { ok, refuse } from '../../../apps/cli/outcome.ts'

const startMs = Date.parse('2026-11-21T12:00:00Z')
const row = (id: string, atMs = startMs) => ({ id, at: new Date(atMs).toISOString() })

/** Looks at each of `lists` in turn, newest first, and then stops. */
async function watch(lists: readonly (readonly Fields[])[], pageSize = 100) {
  const stop = new AbortController()
  const printed: unknown[] = []
  let looks = 0
  let nowMs = startMs
  let wasTold = 0
  const ended = await follow(
    {
      timeField: 'at',
      everySec: 5,
      forSec: undefined,
      print: ({ id }) => void printed.push(id),
      onTooMany: () => {
        wasTold += 1
      },
      readPage: async ({ after }) => {
        const list = lists[looks] ?? []
        const from = after === undefined ? 0 : list.findIndex(({ id }) => id === after) + 1
        const data = list.slice(from, from + pageSize)
        const isMore = from + pageSize < list.length
        return ok({ data, has_more: isMore, next: isMore ? data.at(-1)?.id : null })
      },
    },
    {
      nowMs: () => nowMs,
      interrupted: () => stop.signal,
      sleep: async (durationMs) => {
        nowMs += durationMs
        looks += 1
        if (looks === lists.length) stop.abort()
      },
    },
  )
  expect(ended).toEqual(ok(undefined))
  return { printed, wasTold }
}

describe('what is printed', () => {
  it('is what came since the first look', async () => {
    const { printed } = await watch([[row('1')], [row('3'), row('2'), row('1')], [row('3')]])
    expect(printed).toEqual(['2', '3'])
  })

  it('includes a request that began early and ended late', async () => {
    const { printed } = await watch([
      [row('5'), row('1')],
      [row('5'), row('3'), row('1')],
    ])
    expect(printed).toEqual(['3'])
  })

  it('goes back over pages as far as a request can run, and no further', async () => {
    const old = row('1', startMs - 60 * 60_000)
    const many = ['9', '8', '7', '6', '5', '4', '3'].map((id) => row(id))
    const { printed, wasTold } = await watch([[old], [...many, old]], 2)
    expect(printed).toEqual(['3', '4', '5', '6', '7', '8', '9'])
    expect(wasTold).toBe(0)
  })
})

it('says once that more happens than it can show', async () => {
  const flood = Array.from({ length: 2000 }, (_, at) => row(String(5000 - at)))
  expect((await watch([flood, flood, flood])).wasTold).toBe(1)
})

it('ends with the refusal that it meets, and after the time it was given', async () => {
  const world = { nowMs: () => startMs, interrupted: () => new AbortController().signal }
  const following = {
    timeField: 'at',
    everySec: 1,
    print: () => undefined,
    onTooMany: () => undefined,
  }
  const sleep = () => Promise.reject(new Error('It waits.'))
  const refused = async () => refuse('No.')
  expect(await follow({ ...following, forSec: 9, readPage: refused }, { ...world, sleep })).toEqual(
    refuse('No.'),
  )
  const none = async () => ok({ data: [], has_more: false })
  expect(await follow({ ...following, forSec: 0, readPage: none }, { ...world, sleep })).toEqual(
    ok(undefined),
  )
})
