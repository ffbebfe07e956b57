/** The order of test files where no earlier run has told how long each takes, as in a fresh clone. */
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Half a minute and more each: whichever begins last is what everything else waits for. */
const slowest = [
  'hosts/swapped-weights',
  'hosts/second-start',
  'hosts/stop-and-return',
  'e2e/crash',
  'interop/lambda-gateway',
  'interop/python',
  'faults/lost-tries',
  'faults/refused-tries',
]

const placeOf = ({ moduleId }: TestSpecification): number => {
  const place = slowest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`))
  return place < 0 ? slowest.length : place
}

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((one, other) => placeOf(one) - placeOf(other))
  }
}
