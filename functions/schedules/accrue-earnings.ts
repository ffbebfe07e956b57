import { scheduled } from './scheduled.ts'

export const handler = scheduled('accrue-earnings')
