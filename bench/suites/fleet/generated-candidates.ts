/** Candidates of one model, as many as are wanted: of a few hundred hosts, each under many names. */
import { createHash } from 'node:crypto'
import { type Candidate, candidateWith, type FleetRow } from '../../../src/fleet/pool.ts'
import { nodeIdOf } from '../../../src/protocol/node-identity.ts'
import { benchModels, generatedRow, profilesPerNode } from './generated-fleet.ts'

const hostsMade = 300
/** Nodes that are so far apart have their first profile of the same model. */
const stride = benchModels.length / profilesPerNode

export function generatedCandidates(count: number): readonly Candidate[] {
  const hosts = Array.from({ length: hostsMade }, (_, at) => candidateOf(generatedRow(at * stride)))
  return Array.from({ length: count }, (_, at) => {
    const host = hosts[at % hostsMade]
    if (!host) throw new Error('a host')
    const publicKey = createHash('sha256').update(`candidate ${at}`).digest('base64url')
    return { ...host, nodeId: nodeIdOf(publicKey), publicKey }
  })
}

function candidateOf({ node, profiles: [profile] }: FleetRow): Candidate {
  if (!profile?.benchmark) throw new Error('a profile with its benchmark')
  return candidateWith(node, profile, profile.benchmark)
}
