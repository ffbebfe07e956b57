/**
 * What comes of every command in every state of an ended hold. Under the name of a state stand the
 * customer's money (available, held, spent) and the node's (payable, in transit, paid, in escrow);
 * behind a command stand its answer and the figures that it changed. `m` is the largest amount.
 */

export const statesOfCharge = `
accrued: 0 0 m, m 0 0 0
  reserve same id     → closed
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
  refund 1            → refunded                 1 0 m, m 0 0 0
  refund m            → refunded                 m 0 m, m 0 0 0
  refund m+1          → above_charge
  refund m by host    → refunded                 m 0 m, 0 0 0 0
  claim late 0        → unknown_hold
  claim late 1        → unknown_hold
  claim late m        → unknown_hold
  accrue              → 0 accrued
  close payout        → closed                   0 0 m, 0 m 0 0
  payout paid         → no_payout
  payout returned     → no_payout
  release in a week   → 0 released

in transit: 0 0 m, 0 m 0 0
  reserve same id     → closed
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
  refund 1            → refunded                 1 0 m, 0 m 0 0
  refund m            → refunded                 m 0 m, 0 m 0 0
  refund m+1          → above_charge
  refund m by host    → host_short
  claim late 0        → unknown_hold
  claim late 1        → unknown_hold
  claim late m        → unknown_hold
  accrue              → 0 accrued
  close payout        → nothing_payable
  payout paid         → confirmed                0 0 m, 0 0 m 0
  payout returned     → confirmed                0 0 m, m 0 0 0
  release in a week   → 0 released

paid out: 0 0 m, 0 0 m 0
  reserve same id     → closed
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
  refund 1            → refunded                 1 0 m, 0 0 m 0
  refund m            → refunded                 m 0 m, 0 0 m 0
  refund m+1          → above_charge
  refund m by host    → host_short
  claim late 0        → unknown_hold
  claim late 1        → unknown_hold
  claim late m        → unknown_hold
  accrue              → 0 accrued
  close payout        → nothing_payable
  payout paid         → confirmed
  payout returned     → conflict
  release in a week   → 0 released

claimed late: m 0 0, 0 0 0 1
  reserve same id     → held                     0 m 0, 0 0 0 1
  reserve other, 0    → held
  reserve other, 1    → held                     m-1 1 0, 0 0 0 1
  reserve other, m    → held                     0 m 0, 0 0 0 1
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
  claim late 0        → escrowed
  claim late 1        → escrowed
  claim late m        → escrowed
  accrue              → 1 accrued
  close payout        → nothing_payable
  payout paid         → no_payout
  payout returned     → no_payout
  release in a week   → 1 released               m 0 0, 1 0 0 0
`
