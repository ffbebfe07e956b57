/** Asks as fast as it is answered, over connections that are kept from one run to the next. */
import { connect, type Socket } from 'node:net'
import { quantile } from '../../src/protocol/quantile.ts'
import { LoadOrder, type LoadReport, type LoadResult } from './load-order.ts'
import { serveParent } from './parent.ts'
import { makeReplyReader, type ReplyEnd } from './reply-reader.ts'

type Order = ReturnType<typeof LoadOrder.parse>

serveParent(async () => ({
  greeting: {},
  answer: async (given): Promise<LoadResult> => {
    try {
      return { kind: 'ran', ...(await run(LoadOrder.parse(given))) }
    } catch (error) {
      closeAll()
      return { kind: 'failed', why: error instanceof Error ? error.message : String(error) }
    }
  },
}))

type Sample = { readonly firstMs: number; readonly totalMs: number; readonly bytes: number }

async function run(order: Order): Promise<LoadReport> {
  const { until } = order
  const requestsMax = 'requests' in until ? until.requests : Number.POSITIVE_INFINITY
  const cpuBefore = process.cpuUsage()
  const samples: Sample[] = []
  let begun = 0
  const startedAtMs = performance.now()
  const endsAtMs = 'ms' in until ? startedAtMs + until.ms : Number.POSITIVE_INFINITY
  const askOn = async (slot: number): Promise<void> => {
    const bytes = requestBytes(order, slot)
    while (begun < requestsMax && performance.now() < endsAtMs) {
      begun += 1
      samples.push(await ask(order, slot, bytes))
    }
  }
  await Promise.all(Array.from({ length: order.concurrency }, (_, slot) => askOn(slot)))
  const seconds = (performance.now() - startedAtMs) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    requests: samples.length,
    seconds,
    perSecond: samples.length / seconds,
    firstMs: timesOf(samples.map(({ firstMs }) => firstMs)),
    totalMs: timesOf(samples.map(({ totalMs }) => totalMs)),
    replyBytes: samples.reduce((sum, { bytes }) => sum + bytes, 0),
    cpuMs: (user + system) / 1000,
  }
}

const timesOf = (values: readonly number[]) => ({
  p50: quantile(values, 0.5) ?? 0,
  p99: quantile(values, 0.99) ?? 0,
  mean: values.reduce((sum, value) => sum + value, 0) / values.length,
})

function requestBytes({ url, headers, body }: Order, slot: number): Buffer {
  const { pathname, search, host } = new URL(url)
  const own = headers[slot % headers.length] ?? {}
  const lines = Object.entries({
    host,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...own,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`POST ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}

const open = new Map<string, Socket>()

function closeAll(): void {
  for (const socket of open.values()) socket.destroy()
  open.clear()
}

/** A server may have closed a connection that was idle: then there is a new one. */
async function socketOf(url: string, slot: number): Promise<Socket> {
  const { hostname, port, host } = new URL(url)
  const name = `${host} ${slot}`
  const known = open.get(name)
  if (known?.writable && known.readable) return known
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  open.set(name, socket)
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve()
    })
  })
  // Of what happens between requests; a request has its own.
  socket.on('error', () => socket.destroy())
  return socket
}

async function ask({ url, isStream, withinMs }: Order, slot: number, bytes: Buffer) {
  const socket = await socketOf(url, slot)
  const reader = makeReplyReader({ isStream })
  return new Promise<Sample>((resolve, reject) => {
    const startedAtMs = performance.now()
    const finish = (end: () => void) => {
      clearTimeout(timer)
      socket.off('data', onData)
      socket.off('close', onClose)
      end()
    }
    const fail = (error: unknown) =>
      finish(() => {
        socket.destroy()
        reject(error)
      })
    const onClose = () => fail(new Error('a connection was closed within a reply'))
    const onData = (piece: Buffer) => {
      const atMs = performance.now()
      let end: ReplyEnd | undefined
      try {
        end = reader.feed(piece, atMs)
      } catch (error) {
        return fail(error)
      }
      if (end === undefined) return
      const { firstAtMs, bytes: size } = end
      const sample = { firstMs: firstAtMs - startedAtMs, totalMs: atMs - startedAtMs, bytes: size }
      finish(() => resolve(sample))
    }
    const timer = setTimeout(
      () => fail(new Error(`a reply took longer than ${withinMs} ms`)),
      withinMs,
    )
    socket.on('data', onData)
    socket.on('close', onClose)
    socket.write(bytes)
  })
}
