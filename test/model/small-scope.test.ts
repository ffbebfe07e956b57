// Every sequence of some concrete commands, up to a length: small, but without a gap. Whatever was
// done in whatever order, the rules about money hold after each step.
import { expect, test } from 'vitest'
import { brokenRules, changedEndings } from './rules.ts'
import { openScope, type Scope } from './small-scope.ts'

/** 14 commands to the power of 7: more than a hundred million sequences. */
const length = Number(process.env.SCOPE_LENGTH ?? 7)

/** How many commands were tried. A command that wrote nothing begins no sequence of its own. */
async function tryAll(scope: Scope, path: readonly string[]): Promise<number> {
  if (path.length === length) return 0
  const kept = scope.keep()
  let tried = 0
  for (const [name, command] of Object.entries(scope.commands)) {
    await command()
    tried += 1
    if (scope.isAsKept(kept)) continue
    const broken = [
      ...brokenRules(scope.state),
      ...changedEndings(kept.decisions, scope.decisions()),
    ]
    if (broken.length > 0) throw new Error(`${[...path, name].join(', ')}: breaks ${broken}`)
    tried += await tryAll(scope, [...path, name])
    scope.bringBack(kept)
  }
  return tried
}

test(`all sequences of up to ${length} commands keep the rules`, { timeout: 120_000 }, async () => {
  const scope = await openScope()
  const tried = await tryAll(scope, [])
  // Were commands to stop working, there would be little left to try.
  expect(tried).toBeGreaterThan(Object.keys(scope.commands).length * 4 ** (length - 1))
})
