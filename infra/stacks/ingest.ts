/** The surface that hosts call. */
import { type App, CfnOutput, Stack } from 'aws-cdk-lib'
import type { StageConfig } from '../config.ts'
import type { DeployedTables } from '../constructs/b3iq-tables.ts'
import { FunctionUrlHandler } from '../constructs/function-url-handler.ts'
import { tunnelsEnvironment } from '../tunnels.ts'

export class IngestStack extends Stack {
  constructor(scope: App, id: string, config: StageConfig, tables: DeployedTables) {
    super(scope, id, { description: 'B3IQ: enrolment, heartbeats and results of hosts' })
    const ingest = new FunctionUrlHandler(this, 'Ingest', {
      config,
      tables,
      principal: 'ingest',
      entry: 'functions/ingest/handler.ts',
      ...config.ingest,
      auth: 'app',
      environment: tunnelsEnvironment(config),
    })
    new CfnOutput(this, 'IngestUrl', { value: ingest.url })
  }
}
