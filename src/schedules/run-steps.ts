/**
 * Several things that one schedule does, none of which may keep another from its turn: each is tried,
 * each failure is told by name, and the run has failed when one has.
 */
export type Steps = Readonly<Record<string, () => Promise<object>>>
export type StepFailure = { readonly step: string; readonly error: unknown }

/** The reports of all steps as one. Throws after the last step when one of them failed. */
export async function runSteps(
  steps: Steps,
  onFailure: (failure: StepFailure) => void,
): Promise<object> {
  const report = {}
  const failures: StepFailure[] = []
  const tried = Object.entries(steps).map(async ([step, run]) => {
    try {
      Object.assign(report, await run())
    } catch (error) {
      failures.push({ step, error })
      onFailure({ step, error })
    }
  })
  await Promise.all(tried)
  if (failures.length === 0) return report
  const errors = failures.map(({ error }) => error)
  throw new AggregateError(errors, `${failures.map(({ step }) => step).join(', ')} failed`)
}
