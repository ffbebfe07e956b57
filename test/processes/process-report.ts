/** What a gateway process tells its parent of its tries. */
import * as z from 'zod'

export const Report = z.object({ holdIds: z.array(z.string()), refusals: z.array(z.string()) })
export type Report = z.infer<typeof Report>
