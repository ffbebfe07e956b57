/**
 * What comes of every command in every state of a hold. Under the name of a state stand the
 * customer's money (available, held, spent) and the node's (payable, in transit, paid, in escrow);
 * behind a command stand its answer and the figures that it changed. `m` is the largest amount.
 */

export const statesOfHold = `
none: m 0 0, 0 0 0 0
  reserve same id     → held                     0 m 0, 0 0 0 0
  reserve other, 0    → held
  reserve other, 1    → held                     m-1 1 0, 0 0 0 0
  reserve other, m    → held                     0 m 0, 0 0 0 0
  charge 0            → own decision, 0
  charge 1            → own decision, 1
  charge m            → own decision, m
  charge m+1          → S6 0 ≤ charge ≤ hold
  apply decision      → undecided
  apply it twice      → undecided
  settle other nonce  → applied_before
  sweep in lease      → 0 ended
  sweep after lease   → 0 ended
  refund 0            → undecided
  refund 1            → undecided
  refund m            → undecided
  refund m+1          → undecided
  refund m by host    → undecided
  claim late 0        → unknown_hold
  claim late 1        → unknown_hold
  claim late m        → unknown_hold
  accrue              → 0 accrued
  close payout        → nothing_payable
  payout paid         → no_payout
  payout returned     → no_payout
  release in a week   → 0 released

open: 0 m 0, 0 0 0 0
  reserve same id     → duplicate
  reserve other, 0    → held
  reserve other, 1    → balance
  reserve other, m    → balance
  charge 0            → own decision, 0          m 0 0, 0 0 0 0
  charge 1            → own decision, 1          m-1 0 1, 0 0 0 0
  charge m            → own decision, m          0 0 m, 0 0 0 0
  charge m+1          → S6 0 ≤ charge ≤ hold
  apply decision      → undecided
  apply it twice      → undecided
  settle other nonce  → applied_before
  sweep in lease      → 0 ended
  sweep after lease   → 1 ended                  m 0 0, 0 0 0 0
  refund 0            → undecided
  refund 1            → undecided
  refund m            → undecided
  refund m+1          → undecided
  refund m by host    → undecided
  claim late 0        → unknown_hold
  claim late 1        → unknown_hold
  claim late m        → unknown_hold
  accrue              → 0 accrued
  close payout        → nothing_payable
  payout paid         → no_payout
  payout returned     → no_payout
  release in a week   → 0 released

charged: 0 m 0, 0 0 0 0
  reserve same id     → duplicate
  reserve other, 0    → held
  reserve other, 1    → balance
  reserve other, m    → balance
  charge 0            → other decision, m        0 0 m, 0 0 0 0
  charge 1            → other decision, m        0 0 m, 0 0 0 0
  charge m            → other decision, m        0 0 m, 0 0 0 0
  charge m+1          → S6 0 ≤ charge ≤ hold
  apply decision      → applied                  0 0 m, 0 0 0 0
  apply it twice      → applied                  0 0 m, 0 0 0 0
  settle other nonce  → applied_before
  sweep in lease      → 0 ended
  sweep after lease   → 1 ended                  0 0 m, 0 0 0 0
  refund 0            → refunded
  refund 1            → refunded                 1 m 0, 0 0 0 0
  refund m            → refunded                 m m 0, 0 0 0 0
  refund m+1          → above_charge
  refund m by host    → host_short
  claim late 0        → unknown_hold
  claim late 1        → unknown_hold
  claim late m        → unknown_hold
  accrue              → 0 accrued
  close payout        → nothing_payable
  payout paid         → no_payout
  payout returned     → no_payout
  release in a week   → 0 released

released: 0 m 0, 0 0 0 0
  reserve same id     → duplicate
  reserve other, 0    → held
  reserve other, 1    → balance
  reserve other, m    → balance
  charge 0            → other decision, 0        m 0 0, 0 0 0 0
  charge 1            → other decision, 0        m 0 0, 0 0 0 0
  charge m            → other decision, 0        m 0 0, 0 0 0 0
  charge m+1          → S6 0 ≤ charge ≤ hold
  apply decision      → applied                  m 0 0, 0 0 0 0
  apply it twice      → applied                  m 0 0, 0 0 0 0
  settle other nonce  → applied_before
  sweep in lease      → 0 ended
  sweep after lease   → 1 ended                  m 0 0, 0 0 0 0
  refund 0            → refunded
  refund 1            → above_charge
  refund m            → above_charge
  refund m+1          → above_charge
  refund m by host    → above_charge
  claim late 0        → unknown_hold
  claim late 1        → unknown_hold
  claim late m        → unknown_hold
  accrue              → 0 accrued
  close payout        → nothing_payable
  payout paid         → no_payout
  payout returned     → no_payout
  release in a week   → 0 released

settled: 0 0 m, 0 0 0 0
  reserve same id     → balance
  reserve other, 0    → held
  reserve other, 1    → balance
  reserve other, m    → balance
  charge 0            → other decision, m
  charge 1            → other decision, m
  charge m            → other decision, m
  charge m+1          → S6 0 ≤ charge ≤ hold
  apply decision      → applied
  apply it twice      → applied
  settle other nonce  → applied_before
  sweep in lease      → 0 ended
  sweep after lease   → 0 ended
  refund 0            → refunded
  refund 1            → refunded                 1 0 m, 0 0 0 0
  refund m            → refunded                 m 0 m, 0 0 0 0
  refund m+1          → above_charge
  refund m by host    → host_short
  claim late 0        → unknown_hold
  claim late 1        → unknown_hold
  claim late m        → unknown_hold
  accrue              → 1 accrued                0 0 m, m 0 0 0
  close payout        → nothing_payable
  payout paid         → no_payout
  payout returned     → no_payout
  release in a week   → 0 released

expired: m 0 0, 0 0 0 0
  reserve same id     → held                     0 m 0, 0 0 0 0
  reserve other, 0    → held
  reserve other, 1    → held                     m-1 1 0, 0 0 0 0
  reserve other, m    → held                     0 m 0, 0 0 0 0
  charge 0            → other decision, 0
  charge 1            → other decision, 0
  charge m            → other decision, 0
  charge m+1          → S6 0 ≤ charge ≤ hold
  apply decision      → applied
  apply it twice      → applied
  settle other nonce  → applied_before
  sweep in lease      → 0 ended
  sweep after lease   → 0 ended
  refund 0            → refunded
  refund 1            → above_charge
  refund m            → above_charge
  refund m+1          → above_charge
  refund m by host    → above_charge
  claim late 0        → nothing_due
  claim late 1        → escrowed                 m 0 0, 0 0 0 1
  claim late m        → under_review
  accrue              → 1 accrued
  close payout        → nothing_payable
  payout paid         → no_payout
  payout returned     → no_payout
  release in a week   → 0 released

twin: 0 m m, 0 0 0 0
  reserve same id     → duplicate
  reserve other, 0    → held
  reserve other, 1    → balance
  reserve other, m    → balance
  charge 0            → other decision, m        m 0 m, 0 0 0 0
  charge 1            → other decision, m        m 0 m, 0 0 0 0
  charge m            → other decision, m        m 0 m, 0 0 0 0
  charge m+1          → S6 0 ≤ charge ≤ hold
  apply decision      → applied                  m 0 m, 0 0 0 0
  apply it twice      → applied                  m 0 m, 0 0 0 0
  settle other nonce  → applied_before
  sweep in lease      → 0 ended
  sweep after lease   → 1 ended                  m 0 m, 0 0 0 0
  refund 0            → refunded
  refund 1            → refunded                 1 m m, 0 0 0 0
  refund m            → refunded                 m m m, 0 0 0 0
  refund m+1          → above_charge
  refund m by host    → host_short
  claim late 0        → unknown_hold
  claim late 1        → unknown_hold
  claim late m        → unknown_hold
  accrue              → 0 accrued
  close payout        → nothing_payable
  payout paid         → no_payout
  payout returned     → no_payout
  release in a week   → 0 released
`
