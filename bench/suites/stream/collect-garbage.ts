/** Imported into a gateway whose memory is measured: on a signal it collects and tells what it then holds. */
import { setImmediate } from 'node:timers/promises'

process.on('SIGUSR2', async () => {
  // What one collection finds dead may be let go by the next alone; pages that are empty are given back.
  for (let times = 0; times < 4; times += 1) {
    globalThis.gc?.({ execution: 'sync', flavor: 'last-resort' })
    await setImmediate()
  }
  process.stderr.write(`memory ${JSON.stringify(process.memoryUsage())}\n`)
})
