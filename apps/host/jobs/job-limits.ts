/** What holds when an owner's limits and those that jobs have set meet: the tighter one, always. */
import type { JobSettings } from './job-journal.ts'

type Limits = { readonly max_concurrency: number; readonly paid_enabled: boolean }

export function tightened<Owner extends Limits>(owner: Owner, settings: JobSettings): Owner {
  const { max_concurrency = owner.max_concurrency, paid_enabled = true } = settings
  return {
    ...owner,
    max_concurrency: Math.min(owner.max_concurrency, max_concurrency),
    paid_enabled: owner.paid_enabled && paid_enabled,
  }
}
