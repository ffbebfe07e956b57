/** What a watched gateway is told, and what it tells. */
import * as z from 'zod'
import { Step } from './timeline.ts'

export const Setup = z.strictObject({
  /** `stale` is what a classic Lambda's environment mostly finds: whatever it kept is too old. */
  caches: z.enum(['warm', 'stale']),
})
export type Caches = z.infer<typeof Setup>['caches']

export const Greeting = z.object({ url: z.url() })

export const Order = z.enum(['take steps', 'begin profile', 'take profile'])
export type Order = z.infer<typeof Order>

const Ms = z.number().min(0)
export const StepsTaken = z.record(Step, Ms)
export const ProfileTaken = z.map(z.string(), Ms)
