/**
 * A buffered Lambda handler behind its own function URL: one request in, one answer out.
 */
import { Duration, Validations } from 'aws-cdk-lib'
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import type { Principal } from '../../src/rights.ts'
import { acknowledged } from '../checks.ts'
import type { StageConfig } from '../config.ts'
import type { ObservedFunction } from '../observability/observed.ts'
import type { DeployedTables } from './b3iq-tables.ts'
import { NodeFunction } from './node-function.ts'

const timeoutSec = 30

export type FunctionUrlHandlerProps = {
  readonly config: StageConfig
  readonly tables: DeployedTables
  readonly principal: Principal
  /** Path of the entry file from the repository root; its export `handler` answers. */
  readonly entry: string
  readonly memoryMb: number
  readonly reservedConcurrency?: number | undefined
  /** Who may call: `app` admits anyone and checks keys itself, `iam` is checked by AWS. */
  readonly auth: 'app' | 'iam'
  /** Added to the variables that every function gets. */
  readonly environment?: Readonly<Record<string, string>>
}

export class FunctionUrlHandler extends Construct {
  readonly url: string
  readonly lambda: ObservedFunction

  constructor(scope: Construct, id: string, { auth, ...props }: FunctionUrlHandlerProps) {
    super(scope, id)
    const { lambda } = new NodeFunction(this, 'Handler', {
      ...props,
      timeout: Duration.seconds(timeoutSec),
    })
    const { url } = lambda.addFunctionUrl({
      authType: auth === 'iam' ? FunctionUrlAuthType.AWS_IAM : FunctionUrlAuthType.NONE,
    })
    this.url = url
    this.lambda = lambda
    Validations.of(this).acknowledge(acknowledged.synchronous)
  }
}
