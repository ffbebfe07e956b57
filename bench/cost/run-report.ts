/** What a process that runs a handler tells its parent of each run. */
import * as z from 'zod'

export const RunReport = z.object({ cpuMs: z.number(), wallMs: z.number() })
export type RunReport = z.infer<typeof RunReport>
