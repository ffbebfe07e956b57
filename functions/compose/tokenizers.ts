/** Wires counting with tokenizers, for whoever keeps artifacts. */
import { makeArtifactFolder } from '../../src/adapters/artifacts/artifact-folder.ts'
import { makeTokenizerThread } from '../../src/adapters/artifacts/tokenizer-thread.ts'
import { makeTokenizers, type Tokenizers } from '../../src/metering/tokenizer-cache.ts'
import { log, system } from './parts.ts'

export const tokenizersIn = (artifactsFolder: string): Tokenizers =>
  makeTokenizers({
    ...system,
    ...makeArtifactFolder(artifactsFolder),
    runner: makeTokenizerThread(),
    onFailure: (failure) => log('tokenizer_unavailable', failure),
  })
