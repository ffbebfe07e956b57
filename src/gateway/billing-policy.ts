/**
 * `GET /v1/billing/policy`: for every way in which a request can end, who pays what. A machine can read it
 * before it spends; `test/gateway/billing-policy.test.ts` holds it against what really came to pass.
 */

import { toleranceFraction, toleranceTokens } from '../metering/usage-truth.ts'
import { limits } from '../protocol/limits.ts'

/**
 * `billed`: the usage in the receipt. `delivered`: what was relayed until then. `nothing`: no charge, and an
 * `Idempotency-Key` is free again. `late_claim`: only what its signed claim proves, out of the platform's own
 * account.
 */
type Pays = 'billed' | 'delivered' | 'nothing'
type Earns = 'share' | 'nothing' | 'late_claim'

type Ending = {
  readonly ends: string
  readonly customer_pays: Pays
  readonly host_earns: Earns
  /** As the receipt says it; null where there is none. */
  readonly receipt_status: 'completed' | 'partial' | 'failed' | 'expired' | null
  readonly note: string
}

export const endings = [
  {
    ends: 'refused',
    customer_pays: 'nothing',
    host_earns: 'nothing',
    receipt_status: null,
    note: 'Nothing was held and no host was asked.',
  },
  {
    ends: 'completed',
    customer_pays: 'billed',
    host_earns: 'share',
    receipt_status: 'completed',
    note: 'At the price pinned when the hold was made, reaching its length included.',
  },
  {
    ends: 'client_gone',
    customer_pays: 'delivered',
    host_earns: 'share',
    receipt_status: 'partial',
    note: 'What was produced until the gateway knew; where it cannot know, until the request ended.',
  },
  {
    ends: 'cancelled',
    customer_pays: 'delivered',
    host_earns: 'share',
    receipt_status: 'partial',
    note: 'By its id. Before first content: nothing, and the receipt says failed.',
  },
  {
    ends: 'deadline',
    customer_pays: 'delivered',
    host_earns: 'share',
    receipt_status: 'partial',
    note: 'Before first content: nothing, and the receipt says failed.',
  },
  {
    ends: 'host_failed_before_content',
    customer_pays: 'nothing',
    host_earns: 'nothing',
    receipt_status: 'failed',
    note: 'Another host is tried first; this is when none was left.',
  },
  {
    ends: 'host_failed_after_content',
    customer_pays: 'delivered',
    host_earns: 'share',
    receipt_status: 'partial',
    note: 'Of a stream. An answer that is given as a whole is begun anew at another host, and its beginning costs nothing.',
  },
  {
    ends: 'gateway_lost',
    customer_pays: 'nothing',
    host_earns: 'late_claim',
    receipt_status: 'expired',
    note: 'The hold is released when it expires; the host may claim within bounds, and never from the customer.',
  },
] as const satisfies readonly Ending[]

export const billingPolicy = {
  object: 'billing.policy',
  currency: 'USD',
  amounts:
    'Whole nano-USD, shown as decimal strings. A charge is rounded once, up, and never above its hold.',
  endings,
  usage: {
    rule: "The host's signed claim where the gateway's own count bears it out, else the lower of the two.",
    tolerance: {
      fraction: toleranceFraction,
      tokens: toleranceTokens,
      note: 'The largest of fraction, tokens and the band of the profile.',
    },
    reasoning: 'Reasoning tokens are completion tokens, billed where they were streamed.',
    cached_prompt: 'Tokens that the runtime reports as served from its cache, at their own price.',
  },
  holds: {
    default_window_tokens: limits.defaultMaxTokens,
    least_window_tokens: limits.minAffordableTokens,
    open_holds_max: limits.openHolds,
  },
} as const
