/** How many nodes an owner has enrolled in one hour of the clock; garbage an hour after that. */
import * as z from 'zod'
import { Int } from '../item-fields.ts'

const hourMs = 60 * 60_000

/** Farms of machines are enrolled by hand; a stolen operator session must not make thousands. */
export const enrolmentsPerHour = 10

export const enrolmentsKey = (ownerId: string, atMs: number) => ({
  pk: `enrolments#${ownerId}#${Math.floor(atMs / hourMs)}`,
  sk: 'count',
})

const EnrolmentsItem = z.object({ count: Int })
export const fromEnrolmentsItem = (item: unknown): number => EnrolmentsItem.parse(item).count

export const enrolmentsExpireSec = (atMs: number): number => Math.ceil((atMs + 2 * hourMs) / 1000)
