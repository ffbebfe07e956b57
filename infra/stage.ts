/**
 * All stacks of one stage, and the checks that their templates pass before anything is deployed.
 */
import { type App, Tags } from 'aws-cdk-lib'
import { addChecks } from './checks.ts'
import type { StageConfig } from './config.ts'
import { AdminStack } from './stacks/admin.ts'
import { DataStack } from './stacks/data.ts'
import { GatewayStack } from './stacks/gateway.ts'
import { IngestStack } from './stacks/ingest.ts'
import { ObservabilityStack } from './stacks/observability.ts'
import { SchedulesStack } from './stacks/schedules.ts'
import { StreamsStack } from './stacks/streams.ts'

/** Adds the stacks to `app`; a finding of a check then fails `app.synth()`. */
export function addStage(app: App, config: StageConfig) {
  const idOf = (stack: string) => `B3iq-${config.stage}-${stack}`
  const data = new DataStack(app, idOf('Data'), config)
  const streams = new StreamsStack(app, idOf('Streams'), config, data.tables)
  const stacks = {
    data,
    gateway: new GatewayStack(app, idOf('Gateway'), config, data.tables),
    ingest: new IngestStack(app, idOf('Ingest'), config, data.tables),
    admin: new AdminStack(app, idOf('Admin'), config, data.tables),
    schedules: new SchedulesStack(app, idOf('Schedules'), config, data.tables),
    streams,
    observability: new ObservabilityStack(app, idOf('Observability'), config, streams.metrics),
  }
  Tags.of(app).add('b3iq:stage', config.stage)
  addChecks(app)
  return stacks
}
