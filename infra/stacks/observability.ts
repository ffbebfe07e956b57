/** What wakes somebody up, and what they look at then. */
import { type App, CfnOutput, Stack } from 'aws-cdk-lib'
import {
  Alarm,
  AlarmRule,
  AlarmState,
  CfnCompositeAlarm,
  Dashboard,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { QueryDefinition, QueryString } from 'aws-cdk-lib/aws-logs'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { alarmPropsOf, alarmRows, describe } from '../observability/alarms.ts'
import { costWidgets } from '../observability/dashboards/cost.ts'
import { customersWidgets } from '../observability/dashboards/customers.ts'
import { fleetWidgets } from '../observability/dashboards/fleet.ts'
import { moneyWidgets } from '../observability/dashboards/money.ts'
import { burnOf, burnPairs, windowsOf } from '../observability/objectives.ts'
import type { Observed } from '../observability/observed.ts'
import { queries } from '../observability/queries.ts'

export class ObservabilityStack extends Stack {
  constructor(scope: App, id: string, observed: Observed) {
    super(scope, id, { description: 'B3IQ: alarms, dashboards and saved queries' })
    const topic = this.#addTopic()
    for (const row of alarmRows(observed)) {
      const alarm = new Alarm(this, row.name, alarmPropsOf(row))
      alarm.addAlarmAction(new SnsAction(topic))
      alarm.addOkAction(new SnsAction(topic))
    }
    this.#addBurnAlarm(observed.config.stage, topic)
    if (observed.config.dashboards) this.#addDashboards(observed)
    for (const { name, logGroups, query } of queries(observed)) {
      new QueryDefinition(this, `Query-${name}`, {
        queryDefinitionName: `b3iq/${observed.config.stage}/${name}`,
        queryString: new QueryString(query),
        logGroups: [...logGroups],
      })
    }
    new CfnOutput(this, 'AlarmTopicArn', { value: topic.topicArn })
  }

  #addTopic(): Topic {
    // Not encrypted with a key of its own: messages carry the name of an alarm and no customer's
    // data, and CloudWatch cannot publish through the key that AWS makes for topics.
    const topic = new Topic(this, 'Alarms', { enforceSSL: true })
    // The policy of enforceSSL replaces the one that would let the account's alarms in.
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    )
    return topic
  }

  /** One alarm per window, silent, and one that tells when both windows of a pair burn. */
  #addBurnAlarm(stage: string, topic: Topic): void {
    const pairs = burnPairs.map((pair) => {
      const windows = windowsOf(pair).map((window) => {
        const props = alarmPropsOf({
          name: `Burn${pair.name}${window.name}`,
          says: `Over ${window.minutes} minutes the budget of an objective burns ${pair.burn} times as fast as it may.`,
          runbook: 'objectives',
          metric: burnOf(stage, window),
          atLeast: pair.burn,
          alarmsWithoutData: false,
        })
        return new Alarm(this, `Burn${pair.name}${window.name}`, props)
      })
      return AlarmRule.allOf(
        ...windows.map((window) => AlarmRule.fromAlarm(window, AlarmState.ALARM)),
      )
    })
    // Not the construct of a higher level, which would give the alarm a name of its own.
    new CfnCompositeAlarm(this, 'ObjectivesBurn', {
      alarmDescription: describe({
        says: 'Customers are failed, or wait, so often that an objective will be missed.',
        runbook: 'objectives',
      }),
      alarmRule: AlarmRule.anyOf(...pairs).renderAlarmRule(),
      alarmActions: [topic.topicArn],
      okActions: [topic.topicArn],
    })
  }

  #addDashboards(observed: Observed): void {
    const audiences = {
      Customers: customersWidgets,
      Money: moneyWidgets,
      Fleet: fleetWidgets,
      Cost: costWidgets,
    }
    for (const [name, widgetsOf] of Object.entries(audiences)) {
      new Dashboard(this, name, { widgets: widgetsOf(observed).map((row) => [...row]) })
    }
  }
}
