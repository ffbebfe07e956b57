/**
 * Reading a runtime's own endpoints, with everything bounded. Whatever goes wrong reads as
 * undefined: a runtime that is down, slow or strange must never fail a heartbeat.
 */
import type * as z from 'zod'
import { readBoundedText } from '../bounded-body.ts'

const timeoutMs = 2_000
const bodyBytesMax = 1024 * 1024

export type Surface = {
  readonly status: (path: string) => Promise<number | undefined>
  /** Undefined unless the reply is 2xx, JSON and of that shape. */
  readonly json: <T>(path: string, schema: z.ZodType<T>) => Promise<T | undefined>
  readonly text: (path: string) => Promise<string | undefined>
}

/** One poll's view of a runtime: all its reads share one time limit. */
export function makeSurface(url: string): Surface {
  const signal = AbortSignal.timeout(timeoutMs)

  async function get(path: string): Promise<{ status: number; text: string } | undefined> {
    try {
      const response = await fetch(runtimeUrl(url, path), { signal, redirect: 'error' })
      const text = await readBoundedText(response, bodyBytesMax)
      return text === undefined ? undefined : { status: response.status, text }
    } catch {
      return undefined
    }
  }

  async function text(path: string): Promise<string | undefined> {
    const reply = await get(path)
    return reply !== undefined && reply.status >= 200 && reply.status < 300 ? reply.text : undefined
  }

  return {
    status: async (path) => (await get(path))?.status,
    text,
    json: async (path, schema) => {
      try {
        const parsed = schema.safeParse(JSON.parse((await text(path)) ?? ''))
        return parsed.success ? parsed.data : undefined
      } catch {
        return undefined
      }
    },
  }
}

/** Keeps a path that the configured address may have, and loses a `/v1` that people add to it. */
export function runtimeUrl(base: string, path: string): string {
  return `${base.replace(/\/+$/, '').replace(/\/v1$/, '')}${path}`
}
