/** Expected outcomes are values: a use case returns one of these two and throws only for bugs. */
import type { ApiError, ErrorCode } from './errors.ts'

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ApiError }

export const ok = <T>(value: T): Result<T> => ({ ok: true, value })

export const refuse = (
  code: ErrorCode,
  detail: Omit<ApiError, 'code'> = {},
): { readonly ok: false; readonly error: ApiError } => ({ ok: false, error: { code, ...detail } })
