/**
 * A handler that EventBridge Scheduler starts every few minutes, or once a day. A run that could not be started is
 * retried once and never later than its successor; what is given up, before or inside the function,
 * ends in one queue.
 */
import { Duration, Stack, Validations } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations'
import { Schedule, ScheduleExpression, type ScheduleGroup } from 'aws-cdk-lib/aws-scheduler'
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { type ScheduleName, schedules } from '../../src/names.ts'
import { acknowledged } from '../checks.ts'
import type { StageConfig } from '../config.ts'
import type { ObservedFunction } from '../observability/observed.ts'
import type { DeployedTables } from './b3iq-tables.ts'
import { NodeFunction } from './node-function.ts'

/** What Lambda allows. */
const lambdaMax = { timeout: Duration.minutes(15), eventAge: Duration.hours(6) } as const

const shorter = (one: Duration, other: Duration): Duration =>
  one.toSeconds() < other.toSeconds() ? one : other

export type ScheduledHandlerProps = {
  readonly config: StageConfig
  readonly tables: DeployedTables
  readonly name: ScheduleName
  readonly group: ScheduleGroup
  /** Gets every run that was given up. Must be a standard queue: Scheduler takes no other. */
  readonly failedRuns: IQueue
}

export class ScheduledHandler extends Construct {
  readonly lambda: ObservedFunction

  constructor(scope: Construct, id: string, props: ScheduledHandlerProps) {
    super(scope, id)
    const { config, tables, name, group, failedRuns } = props
    const period = Duration.minutes(schedules[name].everyMinutes)
    const { lambda } = new NodeFunction(this, 'Handler', {
      config,
      tables,
      principal: name,
      entry: `functions/schedules/${name}.ts`,
      // A run may fill its period and no more, so that at most one is under way as the next starts.
      timeout: shorter(period, lambdaMax.timeout),
      memoryMb: config.schedules.memoryMb,
      reservedConcurrency: config.schedules.reservedConcurrency,
    })
    // Scheduler only hands the run over; what fails after that is caught here.
    lambda.configureAsyncInvoke({
      maxEventAge: shorter(period, lambdaMax.eventAge),
      retryAttempts: 0,
      onFailure: new SqsDestination(failedRuns),
    })

    const role = new Role(this, 'InvokeRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: {
            'aws:SourceAccount': Stack.of(this).account,
            'aws:SourceArn': group.scheduleGroupArn,
          },
        },
      }),
    })
    role.addToPolicy(
      new PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: [lambda.functionArn],
      }),
    )
    failedRuns.grant(role, 'sqs:SendMessage')
    const schedule = new Schedule(this, 'Schedule', {
      schedule: ScheduleExpression.rate(period),
      scheduleGroup: group,
      target: new LambdaInvoke(lambda, {
        // The target would add the right to invoke every version of the function.
        role: role.withoutPolicyUpdates(),
        deadLetterQueue: failedRuns,
        maxEventAge: period,
        retryAttempts: 1,
      }),
    })
    // Neither is in the template by reference: the group goes by name, and Scheduler checks at
    // creation that the role may invoke.
    schedule.node.addDependency(group, role)

    Validations.of(this).acknowledge(acknowledged.failureDestination)
    this.lambda = lambda
  }
}
