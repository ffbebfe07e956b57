/**
 * Loaded into each gateway process of a load run, before the gateway: collects garbage now and then and tells
 * what is left. Resident memory alone says little, because an engine with room collects late.
 */
import { type HeapMessage, heapEveryMs } from './messages.ts'

setInterval(() => {
  globalThis.gc?.()
  const message: HeapMessage = { kind: 'heap', mb: process.memoryUsage().heapUsed / 1024 / 1024 }
  process.send?.(message)
}, heapEveryMs).unref()
