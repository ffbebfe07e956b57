import { describe, expect, it } from 'vitest'
import { isOpenAt, OwnerSchedule, scheduleText } from '../../../apps/host/owner-schedule.ts'

const berlin = (windows: OwnerSchedule['windows']): OwnerSchedule =>
  OwnerSchedule.parse({ time_zone: 'Europe/Berlin', windows })

const at = (iso: string) => Date.parse(iso)

describe('hours of the owner', () => {
  const nights = berlin([{ days: ['sat', 'sun'], from: '22:00', to: '08:00' }])

  it.each([
    ['Saturday before', '2026-06-06T21:59:59+02:00', false],
    ['Saturday from the minute on', '2026-06-06T22:00:00+02:00', true],
    ['Sunday morning', '2026-06-07T07:59:59+02:00', true],
    ['Sunday from the end on', '2026-06-07T08:00:00+02:00', false],
    ['Sunday night', '2026-06-07T23:00:00+02:00', true],
    ['Monday morning, begun on Sunday', '2026-06-08T03:00:00+02:00', true],
    ['Monday night', '2026-06-08T23:00:00+02:00', false],
    ['Saturday morning, not begun on Friday', '2026-06-06T03:00:00+02:00', false],
  ])('over midnight, on the days on which they begin: %s', (_, moment, open) => {
    expect(isOpenAt(nights, at(moment))).toBe(open)
  })

  it('follow the clock on the wall of their time zone, in summer as in winter', () => {
    const morning = berlin([{ from: '06:00', to: '07:00' }])
    expect(isOpenAt(morning, at('2026-01-15T05:30:00Z'))).toBe(true)
    expect(isOpenAt(morning, at('2026-07-15T05:30:00Z'))).toBe(false)
    expect(isOpenAt(morning, at('2026-07-15T04:30:00Z'))).toBe(true)
  })

  it('in the night that loses an hour: the hour that is not there opens nothing', () => {
    // 2026-03-29: 02:00 becomes 03:00 at 01:00Z.
    const gone = berlin([{ from: '02:00', to: '03:00' }])
    const minutes = Array.from({ length: 240 }, (_, n) => at('2026-03-28T23:00:00Z') + n * 60_000)
    expect(minutes.filter((minute) => isOpenAt(gone, minute))).toEqual([])
    const around = berlin([{ from: '01:30', to: '03:30' }])
    expect(minutes.filter((minute) => isOpenAt(around, minute))).toHaveLength(60)
  })

  it('in the night that gains an hour: the hour that comes twice is open twice', () => {
    // 2026-10-25: 03:00 becomes 02:00 at 01:00Z.
    const twice = berlin([{ from: '02:00', to: '03:00' }])
    const minutes = Array.from({ length: 300 }, (_, n) => at('2026-10-24T22:00:00Z') + n * 60_000)
    expect(minutes.filter((minute) => isOpenAt(twice, minute))).toHaveLength(120)
  })

  it('of a whole day are from 00:00 to 24:00', () => {
    const sunday = berlin([{ days: ['sun'], from: '00:00', to: '24:00' }])
    expect(isOpenAt(sunday, at('2026-06-07T00:00:00+02:00'))).toBe(true)
    expect(isOpenAt(sunday, at('2026-06-07T23:59:59+02:00'))).toBe(true)
    expect(isOpenAt(sunday, at('2026-06-08T00:00:00+02:00'))).toBe(false)
  })

  it('are told in the words of the config, within what a heartbeat takes', () => {
    expect(scheduleText(nights)).toBe('sat,sun 22:00-08:00 Europe/Berlin')
    const many = berlin(Array.from({ length: 16 }, () => ({ from: '01:00', to: '02:00' })))
    expect(scheduleText(many).length).toBeLessThanOrEqual(128)
  })

  it.each([
    [{ time_zone: 'Mars/Olympus', windows: [{ from: '01:00', to: '02:00' }] }],
    [{ time_zone: 'UTC', windows: [{ from: '1:00', to: '02:00' }] }],
    [{ time_zone: 'UTC', windows: [{ from: '24:00', to: '02:00' }] }],
    [{ time_zone: 'UTC', windows: [{ from: '02:00', to: '02:00' }] }],
    [{ time_zone: 'UTC', windows: [{ days: [], from: '01:00', to: '02:00' }] }],
    [{ time_zone: 'UTC', windows: [] }],
  ])('%j is refused', (schedule) => {
    expect(OwnerSchedule.safeParse(schedule).success).toBe(false)
  })
})
