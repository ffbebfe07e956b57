/**
 * What a command works with: the two APIs with their keys, the three ways in which most commands
 * end (a list, one thing, a change), and where it may print while it runs.
 */
import { type Api, type Call, type Fields, type Method, makeApi } from './api.ts'
import type { Surface } from './base-url.ts'
import type { Output } from './leaf.ts'
import { type Outcome, ok } from './outcome.ts'
import { allPages, type Listed } from './pages.ts'
import { printable } from './printable.ts'
import { makeProgress } from './progress.ts'
import { type Flags, readKeyOf, type Target, targetOf } from './settings.ts'
import { type Column, toRecord, toTable } from './table.ts'
import type { World } from './world.ts'

export type GlobalFlags = Flags & {
  readonly json: boolean
  readonly idempotencyKey?: string | undefined
  /** How often a call is made at the most. */
  readonly tries?: number | undefined
}

/** A route as its table names it, and what its path and query are filled with. */
export type Asked = {
  readonly route: string
  /** For `:id` and the like, in their order. */
  readonly parts?: readonly string[]
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: object
}

export type Session = ReturnType<typeof makeSession>

export function makeSession(world: World, flags: GlobalFlags) {
  const idempotencyKey = flags.idempotencyKey ?? `cli-${world.newId(16)}`
  const progress = makeProgress(world)

  /** `optional`: public routes take a key and need none. */
  const open = async (
    surface: Surface,
    { keyIs = 'needed' }: { readonly keyIs?: 'needed' | 'optional' } = {},
  ): Promise<Outcome<{ readonly api: Api; readonly target: Target; readonly key?: string }>> => {
    const target = await targetOf(surface, flags, world)
    if (!target.ok) return target
    const isKeyless = keyIs === 'optional' && target.value.keyFile === undefined
    const key = isKeyless ? ok(undefined) : await readKeyOf(target.value, surface)
    if (!key.ok) return key
    const { url } = target.value
    const api = makeApi({
      ...world,
      surface,
      url,
      key: key.value,
      idempotencyKey,
      tries: flags.tries,
      onWait: (reason, waitMs) =>
        progress.say(`${reason}: trying again in ${Math.ceil(waitMs / 1000)} s`),
    })
    return ok({ api, target: target.value, ...(key.value === undefined ? {} : { key: key.value }) })
  }

  const ask = async (asked: Asked, keyIs?: 'optional'): Promise<Outcome<Fields>> => {
    const opened = await open(surfaceOf(asked.route), keyIs && { keyIs })
    return opened.ok ? opened.value.api.askJson(callOf(asked)) : opened
  }

  /** All pages of a list, or its first `limit` rows. */
  const pages = async (
    asked: Asked & { readonly limit?: number | undefined },
    keyIs?: 'optional',
  ): Promise<Outcome<Listed>> => {
    const opened = await open(surfaceOf(asked.route), keyIs && { keyIs })
    if (!opened.ok) return opened
    return allPages({
      limit: asked.limit,
      progress,
      readPage: (query) =>
        opened.value.api.askJson(callOf({ ...asked, query: { ...asked.query, ...query } })),
    })
  }

  const record = (fields: Fields): Output => ({
    json: fields,
    text: toRecord(fields, world.nowMs()).join('\n'),
  })

  return {
    world,
    flags,
    idempotencyKey,
    progress,
    open,
    ask,
    pages,
    record,
    /** One thing, or a change and how the thing stands then, field by field. */
    show: async (asked: Asked, keyIs?: 'optional'): Promise<Outcome<Output>> => {
      const reply = await ask(asked, keyIs)
      return reply.ok ? ok(record(reply.value)) : reply
    },
    /** The same as a table. */
    list: async (
      asked: Asked & { readonly columns: readonly Column[]; readonly limit?: number | undefined },
      keyIs?: 'optional',
    ): Promise<Outcome<Output>> => {
      const listed = await pages(asked, keyIs)
      if (!listed.ok) return listed
      const { data, has_more } = listed.value
      const more = has_more ? ['', 'There is more: raise --limit.'] : []
      const text = [...toTable(data, asked.columns, world.nowMs()), ...more].join('\n')
      return ok({ json: listed.value, text })
    },
    print: (line: string) => world.writeOut(`${line}\n`),
    /** For the person beside the program, never part of what it puts out. */
    note: (line: string) => world.writeErr(`${printable(line)}\n`),
  }
}

const surfaceOf = (route: string): Surface =>
  /^[A-Z]+ \/admin\b/.test(route) ? 'admin' : 'gateway'

export function callOf({ route, parts = [], query = {}, body }: Asked): Call {
  const [method = '', template = ''] = route.split(' ')
  const left = [...parts]
  const path = template.replace(/:\w+/g, () => {
    const part = left.shift()
    if (part === undefined) throw new Error(`${route} was asked without its parts.`)
    return encodeURIComponent(part)
  })
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) given.set(name, String(value))
  }
  const search = given.size === 0 ? '' : `?${given}`
  return {
    method: methodOf(method),
    path: `${path}${search}`,
    ...(body === undefined ? {} : { body }),
  }
}

function methodOf(word: string): Method {
  const method = (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).find((one) => one === word)
  if (!method) throw new Error(`There is no method "${word}".`)
  return method
}
