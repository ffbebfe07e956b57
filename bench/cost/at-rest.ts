/**
 * What each type of resource costs while nobody uses it. A type that is in neither list is a line that the
 * idle bill does not have, so a test holds every template of a stage to these two.
 */
import type { PriceName } from './model.ts'

export const pricedAtRest = {
  'AWS::CloudWatch::Alarm': ['alarmedMetric'],
  'AWS::CloudWatch::CompositeAlarm': ['compositeAlarm'],
  'AWS::CloudWatch::Dashboard': ['dashboard'],
  // Runs all the time: by its period, and by what the function that it starts uses.
  'AWS::Scheduler::Schedule': ['schedulerInvocation', 'lambdaRequest', 'lambdaGbSecond'],
} as const satisfies Readonly<Record<string, readonly PriceName[]>>

/** By what it is that they would be billed for. */
export const freeAtRest: Readonly<Record<string, string>> = {
  'AWS::CloudFront::Distribution': 'requests and data',
  'AWS::CloudFront::Function': 'requests',
  'AWS::CloudFront::OriginAccessControl': 'nothing',
  'AWS::CloudFront::ResponseHeadersPolicy': 'nothing',
  'AWS::DynamoDB::GlobalTable': 'on demand: requests, storage, recovery of what is stored',
  'AWS::IAM::Policy': 'nothing',
  'AWS::IAM::Role': 'nothing',
  'AWS::Lambda::EventInvokeConfig': 'nothing',
  'AWS::Lambda::EventSourceMapping':
    'the batches it hands over; it reads a table’s stream for nothing',
  'AWS::Lambda::Function': 'invocations',
  'AWS::Lambda::Permission': 'nothing',
  'AWS::Lambda::Url': 'nothing',
  'AWS::Logs::LogGroup': 'what is written and kept',
  'AWS::Logs::QueryDefinition': 'data that a query scans, when somebody runs it',
  'AWS::S3::Bucket': 'what is stored and read: one build of the console',
  'AWS::S3::BucketPolicy': 'nothing',
  'AWS::SNS::Topic': 'mails',
  'AWS::SNS::TopicPolicy': 'nothing',
  'AWS::SQS::Queue': 'requests, of which there are none while no run fails',
  'AWS::SQS::QueuePolicy': 'nothing',
  'AWS::Scheduler::ScheduleGroup': 'nothing',
}

/** Settings that make a resource of those types billed by the hour, whoever uses it. */
export const billedByTheHour =
  /"(Provisioned\w*|ScheduledScaling\w*|WarmThroughput|SnapStart|OriginShield|WebACLId|KmsMasterKeyId|ContributorInsightsSpecification|\w*ProvisionedThroughput\w*)":/
