/** The surface that hosts call. */
import { type App, CfnOutput, Stack } from 'aws-cdk-lib'
import type { StageConfig } from '../config.ts'
import type { DeployedTables } from '../constructs/b3iq-tables.ts'
import { FunctionUrlHandler } from '../constructs/function-url-handler.ts'
import { LaunchRole } from '../hosts/launch-role.ts'
import type { ObservedFunction } from '../observability/observed.ts'
import { tunnelsEnvironment } from '../tunnels.ts'

export class IngestStack extends Stack {
  readonly lambda: ObservedFunction
  readonly url: string
  /** Of instances that enrol by it; undefined where the stage launches no hosts. */
  readonly launchRole: LaunchRole['role'] | undefined

  constructor(scope: App, id: string, config: StageConfig, tables: DeployedTables) {
    super(scope, id, { description: 'B3IQ: enrolment, heartbeats and results of hosts' })
    const launch = config.hosts && new LaunchRole(this, 'Launch', config.hosts)
    this.launchRole = launch?.role
    const ingest = new FunctionUrlHandler(this, 'Ingest', {
      config,
      tables,
      principal: 'ingest',
      entry: 'functions/ingest/handler.ts',
      ...config.ingest,
      auth: 'app',
      environment: { ...tunnelsEnvironment(config), ...launch?.environment },
    })
    this.lambda = ingest.lambda
    this.url = ingest.url
    new CfnOutput(this, 'IngestUrl', { value: ingest.url })
  }
}
