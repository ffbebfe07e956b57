/** How every surface writes a time: to the millisecond, in UTC. */
export const isoTime = (atMs: number): string => new Date(atMs).toISOString()
