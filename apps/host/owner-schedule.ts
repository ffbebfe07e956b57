/**
 * The hours in which the owner lets the node work: windows of a week on the wall clock of a time
 * zone, some of them over midnight. Asked for a moment, never for an interval, so that days of 23 or
 * 25 hours need no rule of their own: a window is open when the clock on the wall says so.
 */
import * as z from 'zod'

const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
const Day = z.enum(days)
type Day = z.infer<typeof Day>

const mustBeTime = 'must be a time such as "22:00"'
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, mustBeTime)
const endOfWindow = z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, mustBeTime)

const Window = z
  .strictObject({
    /** Days on which the window begins; every day where left out. */
    days: z.array(Day).min(1).max(days.length).optional(),
    from: timeOfDay,
    /** Earlier than `from`: on the next day. */
    to: endOfWindow,
  })
  .refine(({ from, to }) => from !== to, {
    message: 'from and to must differ: a whole day is "00:00" to "24:00"',
  })

export const OwnerSchedule = z.strictObject({
  time_zone: z
    .string()
    .max(64)
    .refine(isTimeZone, { message: 'must be a time zone such as "Europe/Berlin"' }),
  windows: z.array(Window).min(1).max(16),
})
export type OwnerSchedule = z.infer<typeof OwnerSchedule>

export function isOpenAt(schedule: OwnerSchedule, atMs: number): boolean {
  const { day, minute } = wallClock(schedule.time_zone, atMs)
  const yesterday = days[(days.indexOf(day) + days.length - 1) % days.length] ?? day
  return schedule.windows.some((window) => {
    const beginsOn = (one: Day) => (window.days ?? days).includes(one)
    const [from, to] = [minuteOf(window.from), minuteOf(window.to)]
    if (from < to) return beginsOn(day) && minute >= from && minute < to
    return (beginsOn(day) && minute >= from) || (beginsOn(yesterday) && minute < to)
  })
}

/** The owner's own words, as short as a heartbeat needs them. */
export function scheduleText({ time_zone, windows }: OwnerSchedule): string {
  const texts = windows.map(({ days: on, from, to }) => `${on?.join(',') ?? 'daily'} ${from}-${to}`)
  return `${texts.join('; ')} ${time_zone}`.slice(0, 128)
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name })
    return true
  } catch {
    return false
  }
}

function wallClock(timeZone: string, atMs: number): { day: Day; minute: number } {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(atMs)
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? ''
  const minute = Number(part('hour')) * 60 + Number(part('minute'))
  return { day: Day.parse(part('weekday').toLowerCase()), minute }
}

function minuteOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number)
  return (hours ?? 0) * 60 + (minutes ?? 0)
}
