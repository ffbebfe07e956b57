import { scheduled } from './scheduled.ts'

export const handler = scheduled('run-spot-checks')
