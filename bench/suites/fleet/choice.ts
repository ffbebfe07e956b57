/** The router's choice among so many candidates of one model. */
import { sha256Hex } from '../../../src/protocol/canonical.ts'
import { choose } from '../../../src/routing/choose.ts'
import { openPolicy } from '../../../src/routing/policy.ts'
import { coreSecEach } from '../../harness/core-time.ts'
import { generatedCandidates } from './generated-candidates.ts'
import { benchModels } from './generated-fleet.ts'

const choicesAtOnce = 10

/** Core seconds of one choice. */
export async function choiceSec(size: number): Promise<number> {
  const [model] = benchModels
  if (!model) throw new Error('a model')
  const pool = generatedCandidates(size)
  const draw = { affinity: sha256Hex('a conversation'), random: Math.random }
  const choices = await coreSecEach(() => {
    for (let at = 0; at < choicesAtOnce; at += 1) choose(model, pool, openPolicy, draw)
  })
  return choices / choicesAtOnce
}
