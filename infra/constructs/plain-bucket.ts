/**
 * CDK's class of a bucket and its interface disagree, under exact optional properties, on whether a bucket may
 * leave open that it is a website. Ours never are.
 */
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3'

export function plainBucket(bucket: Bucket): Bucket & IBucket {
  if (!isPlain(bucket)) throw new Error(`The bucket ${bucket.node.path} must not be a website.`)
  return bucket
}

function isPlain(bucket: Bucket): bucket is Bucket & IBucket {
  return bucket.isWebsite !== true
}
