// A try is answered, and not with what it asked for.
import { everyWriteSurvives } from './disturbed-writes.ts'

everyWriteSurvives([
  [{ kind: 'throttled', by: 'capacity' }],
  [{ kind: 'conflict' }],
  [{ kind: 'server error', isCommitted: true }],
  [{ kind: 'delayed', delayMs: 50 }],
])
