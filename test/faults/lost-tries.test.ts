// A try, or what became of it, is lost on the way.
import { everyWriteSurvives } from './disturbed-writes.ts'

everyWriteSurvives([
  [{ kind: 'reply lost' }],
  [{ kind: 'request lost' }],
  [{ kind: 'late' }],
  // The first try comes to life after the second was refused, and before the third.
  [{ kind: 'late', overtakenBy: 1 }, { kind: 'conflict' }],
])
