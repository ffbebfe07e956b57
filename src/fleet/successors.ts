/**
 * Who took a node's place when its key was replaced. The old key is heard for a day more: what is seen
 * of it then counts for the new one, or a host that rotates in time would be rid of it.
 */
import type { ReputationStore } from '../reputation/ports.ts'
import type { NodeFacts, SpotCheckFact } from './node.ts'
import type { FleetStore } from './ports.ts'

/** Of rotations in a row: hosts rotate once in months, and an end to a walk that finds none. */
const rotationsMax = 256

type Nodes = {
  readonly readNode: (nodeId: string) => Promise<Pick<NodeFacts, 'successor'> | undefined>
}

/** Successor, its successor and so on, in this order. */
export async function successorsOf(nodes: Nodes, nodeId: string): Promise<string[]> {
  return Array.fromAsync(walkFrom(nodes, nodeId))
}

/** Looks for the next one only when it is asked for. */
async function* walkFrom({ readNode }: Nodes, nodeId: string): AsyncGenerator<string> {
  let at = nodeId
  for (let rotations = 0; rotations < rotationsMax; rotations += 1) {
    const next = (await readNode(at))?.successor?.nodeId
    if (next === undefined) return
    yield next
    at = next
  }
}

/** A store in which whatever is learnt of a node is kept with the last of its successors. */
export const keptByHeir = (reputations: ReputationStore, nodes: Nodes): ReputationStore => ({
  ...reputations,
  readReputation: async (nodeId) => {
    const successors = await successorsOf(nodes, nodeId)
    return reputations.readReputation(successors.at(-1) ?? nodeId)
  },
})

export type Finding = { readonly nodeId: string; readonly atMs: number }

/**
 * A failed spot check, also against all that took the node's place; their ids. Each hears of it before its
 * own successor is looked for: one that comes after that takes it along.
 */
export async function passOnFinding(
  fleet: Pick<FleetStore, 'readNode' | 'addFinding'>,
  { nodeId: from, atMs }: Finding,
): Promise<readonly string[]> {
  const successors: string[] = []
  for await (const to of walkFrom(fleet, from)) {
    await fleet.addFinding({ from, to, atMs })
    successors.push(to)
  }
  return successors
}

/** Whether a record holds something that was found at `atMs`. */
export const isFoundAt = ({ failures, condemned }: SpotCheckFact, atMs: number): boolean =>
  condemned?.atMs === atMs || failures.some((failure) => failure.atMs === atMs)

/** A record with what another one found at `atMs`, and nothing else of that one. */
export function withFinding(
  own: SpotCheckFact | undefined,
  found: SpotCheckFact,
  atMs: number,
): SpotCheckFact {
  const { passed, failed, failures, condemned } = own ?? nothingFound
  const added = found.failures.filter((failure) => failure.atMs === atMs)
  const others = failures.filter(
    ({ promptId }) => !added.some((failure) => failure.promptId === promptId),
  )
  return {
    passed,
    failed: failed + 1,
    failures: [...others, ...added],
    condemned: found.condemned?.atMs === atMs ? found.condemned : condemned,
  }
}

const nothingFound: SpotCheckFact = { passed: 0, failed: 0, failures: [], condemned: undefined }
