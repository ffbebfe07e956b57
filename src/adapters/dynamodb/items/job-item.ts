/**
 * Jobs as they are stored: whole under their node, newest id last; and three small items that lead
 * there: from a job's id, from the operator's reference, and from the list of what is open.
 */
import * as z from 'zod'
import { JobRecord } from '../../../jobs/job-record.ts'
import type { JobPlace } from '../../../jobs/ports.ts'
import { NodeId } from '../../../protocol/ids.ts'
import { JobId } from '../../../protocol/job.ts'
import { fromBody, toBody } from './json-body.ts'

export const jobPrefix = 'job#'
export const jobsPartition = (nodeId: string) => `jobs#${nodeId}`
export const jobKey = ({ nodeId, jobId }: JobPlace) => ({
  pk: jobsPartition(nodeId),
  sk: `${jobPrefix}${jobId}`,
})
export const seqKey = (nodeId: string) => ({ pk: jobsPartition(nodeId), sk: 'seq' })
export const placeKey = (jobId: string) => ({ pk: `job#${jobId}`, sk: 'place' })
export const jobReferenceKey = (reference: string) => ({
  pk: `job-reference#${reference}`,
  sk: 'reference',
})
export const openPartition = 'jobs#open'
export const openKey = (jobId: string) => ({ pk: openPartition, sk: jobId })

export const toJobItem = (job: JobRecord) => ({
  ...jobKey(job),
  rev: job.rev,
  body: toBody(job, 'a job'),
})
export const fromJobItem = (item: unknown): JobRecord => fromBody(JobRecord, item)

const Place = z.object({ nodeId: NodeId, jobId: JobId })

export const toPlaceItem = ({ nodeId, jobId }: JobPlace) => ({ nodeId, jobId })
export const fromPlaceItem = (item: unknown): JobPlace => Place.parse(item)
