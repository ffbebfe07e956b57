/**
 * All stacks of one stage, and the checks that their templates pass before anything is deployed.
 */
import { type App, Tags } from 'aws-cdk-lib'
import { addChecks } from './checks.ts'
import type { StageConfig } from './config.ts'
import { AdminStack } from './stacks/admin.ts'
import { ConsoleStack } from './stacks/console.ts'
import { DataStack } from './stacks/data.ts'
import { GatewayStack } from './stacks/gateway.ts'
import { HostsStack } from './stacks/hosts.ts'
import { IngestStack } from './stacks/ingest.ts'
import { ObservabilityStack } from './stacks/observability.ts'
import { SchedulesStack } from './stacks/schedules.ts'
import { StreamsStack } from './stacks/streams.ts'

/** Adds the stacks to `app`; a finding of a check then fails `app.synth()`. */
export function addStage(app: App, config: StageConfig) {
  const idOf = (stack: string) => `B3iq-${config.stage}-${stack}`
  const data = new DataStack(app, idOf('Data'), config)
  const gateway = new GatewayStack(app, idOf('Gateway'), config, data.tables)
  const admin = new AdminStack(app, idOf('Admin'), config, data.tables)
  const ingest = new IngestStack(app, idOf('Ingest'), config, data.tables)
  const schedules = new SchedulesStack(app, idOf('Schedules'), config, data.tables)
  const streams = new StreamsStack(app, idOf('Streams'), config, data.tables)
  const stacks = {
    data,
    gateway,
    ingest,
    hosts: hostsOf(app, idOf('Hosts'), config, ingest),
    admin,
    schedules,
    streams,
    console: new ConsoleStack(app, idOf('Console'), config, {
      gatewayUrl: gateway.url,
      adminUrl: admin.url,
    }),
    observability: new ObservabilityStack(app, idOf('Observability'), {
      config,
      tables: data.tables,
      gateway: gateway.observed,
      ingest: ingest.lambda,
      admin: admin.lambda,
      schedules: schedules.observed,
      streams,
    }),
  }
  Tags.of(app).add('b3iq:stage', config.stage)
  addChecks(app)
  return stacks
}

/** Only where the stage launches hosts. */
export function hostsOf(app: App, id: string, { hosts }: StageConfig, ingest: IngestStack) {
  const { launchRole, url: ingestUrl } = ingest
  if (hosts === undefined || launchRole === undefined) return undefined
  return new HostsStack(app, id, { hosts, ingestUrl, launchRole })
}
