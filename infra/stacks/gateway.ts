/** The surface that customers call. */
import { type App, CfnOutput, Stack } from 'aws-cdk-lib'
import type { StageConfig } from '../config.ts'
import type { DeployedTables } from '../constructs/b3iq-tables.ts'
import { StreamingFunction } from '../constructs/streaming-function.ts'

export class GatewayStack extends Stack {
  constructor(scope: App, id: string, config: StageConfig, tables: DeployedTables) {
    super(scope, id, { description: 'B3IQ: the OpenAI-compatible API' })
    const gateway = new StreamingFunction(this, 'Gateway', {
      config,
      tables,
      principal: 'gateway',
      folder: 'functions/gateway',
      files: ['docs/api/openapi.json'],
    })
    new CfnOutput(this, 'GatewayUrl', { value: gateway.url })
  }
}
