import { scheduled } from './scheduled.ts'

/** Four passes a minute: a schedule cannot start more often, and a pool should not be older. */
export const handler = scheduled('recompute-eligibility', { passes: 4, everyMs: 15_000 })
