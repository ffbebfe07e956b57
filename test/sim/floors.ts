/** What must happen in 10,000 histories, at least how often. */
import type { Floors } from './engine/sometimes.ts'

export const floors: Floors = {}
