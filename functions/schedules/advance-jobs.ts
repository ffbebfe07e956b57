import { scheduled } from './scheduled.ts'

export const handler = scheduled('advance-jobs')
