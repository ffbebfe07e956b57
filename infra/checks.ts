/**
 * The rule packs that every template passes before it can be deployed, and the findings that stand,
 * each with its reason. A finding that is not listed here fails synthesis.
 */
import {
  type Acknowledgment,
  type App,
  CfnResource,
  DefaultStackSynthesizer,
  type Stack,
  Validations,
} from 'aws-cdk-lib'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
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
  tracingRights: {
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason:
      'The stage asked for tracing. X-Ray has no resources to name: its two rights to send are for all or for none.',
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
  noAccessLogOfBucket: {
    id: 'AwsSolutions-S1',
    reason:
      'Only CloudFront reads it, and what it reads is public. A log would need a bucket of its own and hold visitors’ addresses.',
  },
  noAccessLogOfConsole: {
    id: 'AwsSolutions-CFR3',
    reason:
      'The pages are static and hold nothing of customers. What they do is done through the APIs, which log it.',
  },
  noAccessLogOfCode: {
    id: 'AwsSolutions-S1',
    reason: 'Lambda alone reads it, and what it holds is the bundle that every deployment makes.',
  },
  everyCountry: {
    id: 'AwsSolutions-CFR1',
    reason: 'Customers and operators may be anywhere; who may not is a decision of the operator.',
  },
  noFirewall: {
    id: 'AwsSolutions-CFR2',
    reason:
      'A web ACL costs $5 a month before the first visitor, and static files give it nothing to protect.',
  },
  certificateOfCloudFront: {
    id: 'AwsSolutions-CFR4',
    reason:
      'Under cloudfront.net CloudFront decides what TLS it speaks. With `console` in the stage file it is TLS 1.2 or later.',
  },
  sessionManager: {
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason:
      'The channels of Session Manager have no resources to name. Its managed policy would besides read every parameter of the account.',
  },
  noFlowLog: {
    id: 'AwsSolutions-VPC7',
    reason:
      'Hosts take nothing in, or what the load balancer lets through, and log each dispatch. A flow log would be a price per scan of the internet.',
  },
  openToGateways: {
    id: 'AwsSolutions-EC23',
    reason:
      'Functions have no fixed addresses, so port 443 is open to all; the agent behind it takes signed tickets alone.',
  },
  noAccessLogOfBalancer: {
    id: 'AwsSolutions-ELB2',
    reason:
      'Every dispatch is in the log of the gateway that sends it and of the agent that takes it, with less of the caller.',
  },
  unreadableGroup: {
    id: 'AwsSolutions-EC26',
    reason:
      'The rule fails on a group of mixed instances, whose launch template it does not look for; a test looks that it encrypts.',
  },
  noScalingNotices: {
    id: 'AwsSolutions-AS3',
    reason:
      'Who scales is the operator. Instances that go show as nodes that fall silent, on which alarms stand; one whose boot fails ends itself.',
  },
  keysInTheApp: {
    id: 'Annotation::@aws-cdk/aws-lambda:webFunctionPublicEndpoint',
    reason: 'Customers authenticate with keys, which the server checks before anything else.',
  },
  copying: {
    id: 'Serverless-LambdaDLQ',
    reason: 'CloudFormation calls it, waits for its answer and fails the deployment without one.',
  },
} as const satisfies Record<string, Acknowledgment>

/** What CDK grants the function that copies a Web Function's bundle, which works during deployments alone. */
export function copyRights(stack: Stack, bucket: Bucket): Acknowledgment[] {
  const { defaultChild } = bucket.node
  if (!CfnResource.isCfnResource(defaultChild)) throw new Error('The bucket has no resource.')
  const bucketId = stack.resolve(defaultChild.logicalId)
  const qualifier =
    stack.synthesizer.bootstrapQualifier ?? DefaultStackSynthesizer.DEFAULT_QUALIFIER
  const granted = {
    [`Resource::arn:<AWS::Partition>:s3:::cdk-${qualifier}-assets-<AWS::AccountId>-<AWS::Region>/*`]:
      'Where CDK puts what is deployed: the name of this bundle there is new with each of its contents.',
    'Action::s3:Abort*': 'S3 has one action of that beginning: to give up an upload in parts.',
    'Action::s3:DeleteObject*': 'It takes away the bundle before, with its version and its tags.',
    [`Resource::<${bucketId}.Arn>/web-function/*`]:
      'The bundles of this function alone, in a bucket that holds nothing else.',
  }
  return Object.entries(granted).map(([right, reason]) => ({
    id: `AwsSolutions-IAM5[${right}]`,
    reason,
  }))
}
