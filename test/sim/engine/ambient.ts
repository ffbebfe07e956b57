/**
 * Shuts the ways around the virtual clock and the seeded die. What a history still takes from the
 * real world throws, instead of making a seed that cannot be replayed.
 */

function forbidden(name: string) {
  return () => {
    throw new Error(`${name} is real: a simulated history must not use it`)
  }
}

/** For this thread, for good. */
export function forbidAmbient(): void {
  Date.now = forbidden('Date.now')
  Math.random = forbidden('Math.random')
  performance.now = forbidden('performance.now')
  crypto.randomUUID = forbidden('crypto.randomUUID')
  crypto.getRandomValues = forbidden('crypto.getRandomValues')
  Object.assign(globalThis, {
    setTimeout: forbidden('setTimeout'),
    setInterval: forbidden('setInterval'),
    setImmediate: forbidden('setImmediate'),
    fetch: forbidden('fetch'),
  })
}
