/** How a host is reached. The adapter owns sockets, TLS and address checks; nothing here does. */

export type DialOrder = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /**
   * SHA-256 (hex) of the key that the route's certificate must hold. With it no authority has to
   * vouch for the certificate; without it one must.
   */
  readonly certificateKeySha256?: string | undefined
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
  | 'certificate_key_mismatch'
  | 'aborted'

export type Dialer = {
  readonly post: (order: DialOrder) => Promise<DialOutcome>
  readonly get: (order: Omit<DialOrder, 'body'>) => Promise<DialOutcome>
}
