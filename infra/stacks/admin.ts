/** The surface that operators call, and the one call that makes the first operator. */
import { type App, CfnOutput, Stack } from 'aws-cdk-lib'
import type { StageConfig } from '../config.ts'
import type { DeployedTables } from '../constructs/b3iq-tables.ts'
import { FunctionUrlHandler } from '../constructs/function-url-handler.ts'
import type { ObservedFunction } from '../observability/observed.ts'
import { tunnelsEnvironment } from '../tunnels.ts'

export class AdminStack extends Stack {
  readonly url: string
  readonly lambda: ObservedFunction

  constructor(scope: App, id: string, config: StageConfig, tables: DeployedTables) {
    super(scope, id, { description: 'B3IQ: the API of the operators' })
    const admin = new FunctionUrlHandler(this, 'Admin', {
      config,
      tables,
      principal: 'admin',
      entry: 'functions/admin/handler.ts',
      ...config.admin,
      auth: 'app',
      environment: tunnelsEnvironment(config),
    })
    // There is no key yet to check, so AWS checks that the caller belongs to the account.
    const bootstrap = new FunctionUrlHandler(this, 'Bootstrap', {
      config,
      tables,
      principal: 'bootstrap',
      entry: 'functions/admin/bootstrap.ts',
      memoryMb: config.admin.memoryMb,
      auth: 'iam',
    })
    this.url = admin.url
    this.lambda = admin.lambda
    new CfnOutput(this, 'AdminUrl', { value: admin.url })
    new CfnOutput(this, 'BootstrapUrl', { value: bootstrap.url })
  }
}
