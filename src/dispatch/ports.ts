/** How a host is reached. The adapter owns sockets, TLS and address checks; nothing here does. */

export type DialOrder = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly connectTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly signal: AbortSignal
}

export type DialOutcome =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** Lower-case names. */
      readonly headers: Readonly<Record<string, string>>
      readonly body: AsyncIterable<Uint8Array>
    }
  | { readonly kind: 'failed'; readonly reason: DialFailure }

export type DialFailure =
  | 'connect_timeout'
  | 'headers_timeout'
  | 'connection_failed'
  | 'route_not_allowed'
  | 'aborted'

export type Dialer = {
  readonly post: (order: DialOrder) => Promise<DialOutcome>
  readonly get: (order: Omit<DialOrder, 'body'>) => Promise<DialOutcome>
}
