/**
 * Every event that the control plane logs, with how loud it is: `error` wants a person's eyes, `warn` was survived
 * but is not as it should be, `info` is what happened. An event without a row does not compile.
 */
export type LogLevel = 'info' | 'warn' | 'error'

export const logEvents = {
  gateway_ready: 'info',
  gateway_failed: 'error',

  // Requests.
  request_failed: 'error',
  completion_failed: 'error',
  store_unreachable: 'error',
  smoke_request: 'info',
  tokenizer_unavailable: 'warn',

  // Money.
  ledger_discrepancy: 'error',
  sweep_failed: 'error',
  accrual_failed: 'error',
  payout_failed: 'error',
  reconcile_failed: 'error',
  late_claims_suspended: 'warn',
  receipt_not_counted: 'warn',
  spend_rolled_up: 'info',
  spend_recounted: 'info',

  // The fleet.
  cloned_identity: 'warn',
  key_rotated: 'info',
  key_retired: 'info',
  grace_granted: 'warn',
  tunnel_left_open: 'warn',
  recompute_failed: 'warn',
  benchmark_without_evidence: 'warn',
  live_speed_not_kept: 'warn',
  reputation_not_kept: 'warn',
  finding_not_passed_on: 'error',
  identity_unavailable: 'warn',
  instance_enrolled: 'info',

  // Operators.
  operator_change: 'info',
  audit_unreachable: 'error',
  audit_not_ended: 'error',

  // Schedules.
  schedule_ran: 'info',
  schedule_step_failed: 'error',

  // A laptop, where one process stands in for what starts functions.
  control_plane_ready: 'info',
  schedule_failed: 'error',
  receipts_not_read: 'warn',
  receipts_given_up: 'error',
} as const satisfies Record<string, LogLevel>

export type LogEvent = keyof typeof logEvents
