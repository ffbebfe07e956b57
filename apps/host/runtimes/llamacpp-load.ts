/** What one llama.cpp server tells of itself and its load, asked directly or through a router. */
import * as z from 'zod'
import { measure } from './measured.ts'
import type { QueueReading } from './reading.ts'
import type { Surface } from './surface.ts'

export const Props = z.looseObject({
  model_path: z.string().min(1),
  role: z.string().optional(),
  build_info: z.string().optional(),
  total_slots: z.int().min(1).optional(),
  default_generation_settings: z.looseObject({ n_ctx: z.int().min(0).optional() }).optional(),
  is_sleeping: z.boolean().optional(),
})
export type Props = z.infer<typeof Props>

const Decoded = z.looseObject({ n_decoded: z.int().optional() })
const Slots = z
  .array(
    z.looseObject({
      is_processing: z.boolean(),
      id_task: z.int().optional(),
      next_token: z.union([Decoded, z.array(Decoded).max(4096)]).optional(),
    }),
  )
  .max(4096)

export const contextOf = (props: Props | undefined): number | undefined =>
  props?.default_generation_settings?.n_ctx || undefined

export type Load = {
  readonly queue: QueueReading | undefined
  readonly slots: number | undefined
  readonly progress: readonly number[] | undefined
}

/** `query` names one model of a router. */
export async function readLoad(surface: Surface, query: string): Promise<Load> {
  const [slots, page] = await Promise.all([
    surface.json(`/slots${query}`, Slots),
    surface.text(`/metrics${query}`),
  ])
  const measured = measure(page, { kind: 'llamacpp', version: undefined })
  const processing = slots?.filter((slot) => slot.is_processing).length
  const running = processing ?? measured.running
  const decoded = slots?.flatMap(decodedOf) ?? []
  const progress = [...(measured.progress ?? []), ...decoded]
  return {
    queue:
      running === undefined
        ? undefined
        : { running, waiting: measured.waiting ?? 0, kvUsage: measured.kvUsage },
    slots: slots === undefined || slots.length === 0 ? undefined : slots.length,
    progress: progress.length === 0 ? undefined : progress,
  }
}

/** Which task a slot works on and how far it is; nothing where the server does not tell. */
function decodedOf(slot: z.infer<typeof Slots>[number]): number[] {
  const next = Array.isArray(slot.next_token) ? slot.next_token : [slot.next_token ?? {}]
  const decoded = next.flatMap(({ n_decoded }) => (n_decoded === undefined ? [] : [n_decoded]))
  return decoded.length === 0 ? [] : [slot.id_task ?? -1, ...decoded]
}
