/** What an entry of the lists of rights says: which rights it explains, and why they are given. */
import type { Right } from './read-statements.ts'

export type Explained = {
  readonly kind: Right['kind']
  /** @default Allow */
  readonly effect?: Right['effect']
  /** Of the policy or role that holds the right, as `stack/Id`. */
  readonly holder: RegExp
  /** @default nobody, as in the policy of an identity */
  readonly principal?: string
  readonly actions: readonly string[]
  readonly resource: RegExp
  /** @default none */
  readonly condition?: RegExp
  readonly reason: string
}
