/** The AWS SDK's own client of an engine: for administering tables, and as a witness beside ours. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'

export const sdkClient = ({ endpoint }: { readonly endpoint: string }): DynamoDBClient =>
  new DynamoDBClient({
    endpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  })
