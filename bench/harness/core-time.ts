/** Time of one core, of this whole process: what else the machine does is not in it. */

export async function coreSec(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

/** Less than this is lost in what the clock of the processor can tell. */
const worthTimingSec = 0.25

/** Of one run, of as many as the clock needs, after one that is not counted. */
export async function coreSecEach(run: () => unknown, { warmUps = 1 } = {}): Promise<number> {
  for (let at = 0; at < warmUps; at += 1) await run()
  let [runs, tookSec] = [0, 0]
  while (tookSec < worthTimingSec) {
    tookSec += await coreSec(run)
    runs += 1
  }
  return tookSec / runs
}

/** After a collection; needs `--expose-gc`. */
export function liveHeapMb(): number {
  if (!globalThis.gc) throw new Error('the heap is measured in a process with --expose-gc')
  globalThis.gc()
  return process.memoryUsage().heapUsed / 2 ** 20
}
