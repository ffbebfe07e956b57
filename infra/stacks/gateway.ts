/** The surface that customers call. */
import { type App, CfnOutput, Stack } from 'aws-cdk-lib'
import type { StageConfig } from '../config.ts'
import type { DeployedTables } from '../constructs/b3iq-tables.ts'
import { StreamingFunction } from '../constructs/streaming-function.ts'
import { WebServer } from '../constructs/web-server.ts'
import type { ObservedGateway } from '../observability/observed.ts'

export class GatewayStack extends Stack {
  readonly url: string
  readonly observed: ObservedGateway

  constructor(scope: App, id: string, config: StageConfig, tables: DeployedTables) {
    super(scope, id, { description: 'B3IQ: the OpenAI-compatible API' })
    const props = {
      config,
      tables,
      principal: 'gateway',
      files: ['docs/api/openapi.json'],
    } as const
    const gateway =
      config.gateway.compute === 'web'
        ? new WebServer(this, 'Gateway', { ...props, entry: 'functions/gateway/server.ts' })
        : new StreamingFunction(this, 'Gateway', { ...props, folder: 'functions/gateway' })
    this.url = gateway.url
    this.observed = gateway
    new CfnOutput(this, 'GatewayUrl', { value: gateway.url })
  }
}
