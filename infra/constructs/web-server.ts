/**
 * A plain HTTP server as a Lambda Web Function: many streams in one environment, no adapter. The same bundle as
 * behind the Lambda Web Adapter.
 */
import { Aws, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib'
import type { Role } from 'aws-cdk-lib/aws-iam'
import {
  ApplicationLogLevel,
  SystemLogLevel,
  WebFunction,
  WebFunctionAuthType,
  WebFunctionRuntime,
} from 'aws-cdk-lib/aws-lambda'
import { type ILogGroupRef, LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type { Principal } from '../../src/rights.ts'
import { acknowledged } from '../checks.ts'
import { gatewayTimeoutSec, type StageConfig } from '../config.ts'
import type { DeployedTables } from './b3iq-tables.ts'
import { addIdentity, commonEnvironment } from './node-function.ts'
import { WebCode } from './web-code.ts'

export type WebServerProps = {
  readonly config: StageConfig
  readonly tables: DeployedTables
  readonly principal: Principal
  /** Path of the server from the repository root. */
  readonly entry: string
  /** Paths from the repository root of what the server reads beside its bundle. */
  readonly files: readonly string[]
}

export class WebServer extends Construct {
  readonly url: string
  readonly logGroup: ILogGroupRef
  /** AWS does not count what it does by invocation. */
  readonly lambda: undefined

  constructor(scope: Construct, id: string, props: WebServerProps) {
    super(scope, id)
    const { config, tables, principal, entry, files } = props
    const { web } = config.gateway
    // The ids of its log group and role are those of the function that it may stand in for.
    const server = new Construct(this, 'Server')
    const { logGroup, role } = addIdentity(server, props)
    addCompanion(server, { of: logGroup, to: role, config })
    const code = new WebCode(server, 'Code', { config, entry, files })
    const webFunction = new WebFunction(server, 'Function', {
      // CloudFormation wants a name, and Lambda one that no other region of the account has.
      webFunctionName: `b3iq-${config.stage}-${principal}-${Aws.REGION}`,
      code: code.code,
      entryPoint: 'index.mjs',
      runtime: WebFunctionRuntime.NODEJS_24_X,
      role,
      logGroup,
      applicationLogLevel: ApplicationLogLevel.INFO,
      systemLogLevel: SystemLogLevel.WARN,
      // It bounds the whole stream, and cuts off what is longer without a word.
      timeout: Duration.seconds(gatewayTimeoutSec(config.gateway)),
      maxConcurrencyPerEnvironment: web.streamsPerEnvironment,
      environment: commonEnvironment(config, tables, principal),
      // Anyone may call: customers authenticate with keys, which the server checks.
      defaultEndpointAuth: WebFunctionAuthType.APPLICATION_MANAGED,
      defaultEndpoint:
        web.maxEnvironments === undefined ? {} : { maxEnvironments: web.maxEnvironments },
    })
    code.finish()
    // Without its rights a revision would start, take all requests and fail: a role that is given brings no order.
    webFunction.resourceRevision.node.addDependency(role)
    this.url = `https://${webFunction.endpoint.domainName}/`
    this.logGroup = logGroup
    Validations.of(this).acknowledge(acknowledged.keysInTheApp)
  }
}

/**
 * Lambda writes what an environment logs into a companion of the group, and copies it from there. Made here,
 * the companion keeps its events as long as the group does; Lambda's own would keep them for ever.
 */
function addCompanion(scope: Construct, { of, to, config }: CompanionProps): void {
  const companion = new LogGroup(scope, 'CompanionLogs', {
    logGroupName: `${of.logGroupRef.logGroupName}.local`,
    retention: config.logRetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  companion.grantWrite(to)
}

type CompanionProps = {
  readonly of: ILogGroupRef
  readonly to: Role
  readonly config: StageConfig
}
