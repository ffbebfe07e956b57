/**
 * The public route that the broker owns for a node behind a router: a host name under the
 * broker's zone, and the tunnel that carries it to the node's agent. Fleet code asks for one and
 * gives it back; who runs the tunnels is an adapter's business.
 */

/** `token` lets whoever holds it serve `hostName`: it goes to the node's owner and nowhere else. */
export type Tunnel = {
  readonly tunnelId: string
  readonly hostName: string
  readonly token: string
}

export type TunnelProvider = {
  /** Idempotent per node: the second call returns the tunnel and the name of the first. */
  readonly open: (nodeId: string) => Promise<Tunnel>
  /** Ends the tunnel's connections and takes its name back. Closing a closed tunnel is no error. */
  readonly close: (tunnelId: string) => Promise<void>
}
