/**
 * llama.cpp's router: it lists the models it could load and forwards to one server for each that it
 * has loaded. Every question names its model and forbids loading, so that looking changes nothing.
 */
import * as z from 'zod'
import type { ArtifactDigests } from './artifact-digest.ts'
import { ggufModel } from './gguf-model.ts'
import { contextOf, type Load, Props, readLoad } from './llamacpp-load.ts'
import { clipVersion, type RuntimeReading, reachesWhole } from './reading.ts'
import type { Surface } from './surface.ts'

const Models = z.looseObject({
  data: z
    .array(
      z.looseObject({
        id: z.string().min(1),
        path: z.string().min(1).optional(),
        status: z.looseObject({ value: z.string() }).optional(),
      }),
    )
    .max(4096),
})
type Listed = z.infer<typeof Models>['data'][number]

/** Each costs three more requests per poll. */
const loadedMax = 8
const modelsMax = 64

export async function readRouter(
  surface: Surface,
  facts: {
    readonly props: Props
    readonly healthy: boolean
    readonly digests: ArtifactDigests
  },
): Promise<RuntimeReading> {
  const listed = await surface.json('/models', Models)
  const reachable = (listed?.data ?? []).filter(({ id }) => reachesWhole(id)).slice(0, modelsMax)
  const active = reachable.filter((model) => model.status?.value === 'loaded').slice(0, loadedMax)
  const instances = await Promise.all(active.map((model) => readInstance(surface, model)))
  const contexts = new Map(instances.map(({ id, props }) => [id, contextOf(props) ?? null]))
  const models = await Promise.all(
    reachable.map(({ id, path = id }) =>
      ggufModel({ name: id, path, contextLength: contexts.get(id) ?? null, ...facts }),
    ),
  )
  const loads = instances.map(({ load }) => load)
  return {
    version: clipVersion(facts.props.build_info ?? instances[0]?.props?.build_info),
    healthy: facts.healthy,
    queue: sumOf(instances),
    progress: numbersOf(loads),
    models: listed === undefined ? undefined : models.flatMap((model) => model ?? []),
    loaded: active.map(({ id }) => id),
  }
}

type Instance = {
  readonly id: string
  readonly props: Props | undefined
  readonly load: Load
}

async function readInstance(surface: Surface, { id }: Listed): Promise<Instance> {
  const query = `?model=${encodeURIComponent(id)}&autoload=false`
  const [props, load] = await Promise.all([
    surface.json(`/props${query}`, Props),
    readLoad(surface, query),
  ])
  return { id, props, load }
}

/** Undefined where no loaded model tells its load: then the agent counts. */
function sumOf(instances: readonly Instance[]): RuntimeReading['queue'] {
  const queues = instances.flatMap(({ load }) => (load.queue === undefined ? [] : [load.queue]))
  if (queues.length === 0) return undefined
  const slots = instances.reduce(
    (sum, { props, load }) => sum + (props?.total_slots ?? load.slots ?? 0),
    0,
  )
  return {
    running: queues.reduce((sum, { running }) => sum + running, 0),
    waiting: queues.reduce((sum, { waiting }) => sum + waiting, 0),
    capacity: slots === 0 ? undefined : slots,
  }
}

function numbersOf(loads: readonly Load[]): readonly number[] | undefined {
  const numbers = loads.flatMap(({ progress }) => progress ?? [])
  return numbers.length === 0 ? undefined : numbers
}
