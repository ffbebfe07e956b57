/**
 * The rule packs that every template passes before it can be deployed, and the findings that stand,
 * each with its reason. A finding that is not listed here fails synthesis.
 */
import { type Acknowledgment, type App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag'

export function addChecks(app: App): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app))
}

/** For `Validations.of(construct).acknowledge`, on the smallest construct that has the finding. */
export const acknowledged = {
  keyOfSsm: {
    id: 'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:kms:<AWS::Region>:<AWS::AccountId>:key/*]',
    reason:
      'AWS picks the id of its key for SSM. Conditions hold the right to the key with that alias, to calls through SSM and to one parameter.',
  },
  noTracing: {
    id: 'Serverless-LambdaTracing',
    reason:
      'Requests are followed by id through the structured log. X-Ray would add a price per request and a right on every resource.',
  },
  synchronous: {
    id: 'Serverless-LambdaDLQ',
    reason: 'Reached through its URL alone, synchronously: the caller sees every failure.',
  },
  failureDestination: {
    id: 'Serverless-LambdaDLQ',
    reason: 'Failed runs go to a queue as an onFailure destination, which also records why.',
  },
  deadLetterQueue: {
    id: 'AwsSolutions-SQS3',
    reason: 'It is the dead-letter queue itself.',
  },
  deadLetterQueueRedrive: {
    id: 'Serverless-SQSRedrivePolicy',
    reason: 'It is the dead-letter queue itself.',
  },
} as const satisfies Record<string, Acknowledgment>
