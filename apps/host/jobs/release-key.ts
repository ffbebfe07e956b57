/**
 * The public half of the offline key that signs releases of this agent. It is compiled in, so that
 * neither config nor control plane can name another one. No release has been signed yet: until a
 * key stands here, every `agent.update` is refused, in every build.
 */
export const releasePublicKey: string | undefined = undefined
