/**
 * One deployed TypeScript entry file: bundled, with its own log group and its own role, which may do what
 * `src/rights.ts` says and nothing else. The other constructs add how it is reached.
 */
import { type Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  ApplicationLogLevel,
  Architecture,
  Code,
  type ILayerVersion,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { envKey } from '../../src/names.ts'
import type { Principal } from '../../src/rights.ts'
import { acknowledged } from '../checks.ts'
import type { StageConfig } from '../config.ts'
import { secretStatements, secretsParameter, tableStatements } from '../permissions.ts'
import type { DeployedTables } from './b3iq-tables.ts'
import { bundleAsset } from './bundle.ts'

export type IdentityProps = {
  readonly config: StageConfig
  readonly tables: DeployedTables
  /** The row of `src/rights.ts` that the role gets. */
  readonly principal: Principal
  /** Path of the entry file from the repository root. */
  readonly entry: string
  /** @default true: most functions sign or verify something */
  readonly readsSecrets?: boolean
}

export type NodeFunctionProps = IdentityProps & {
  readonly timeout: Duration
  readonly memoryMb: number
  /** @default no reservation: new accounts have too little concurrency to set any aside */
  readonly reservedConcurrency?: number | undefined
  /** @default index.handler, the export of the bundle */
  readonly handler?: string
  readonly layers?: ILayerVersion[]
  /** Added to the variables that every function gets. */
  readonly environment?: Readonly<Record<string, string>>
  /** Paths from the repository root of what lies beside the bundle. */
  readonly files?: readonly string[]
}

export class NodeFunction extends Construct {
  readonly lambda: LambdaFunction
  readonly role: Role

  constructor(scope: Construct, id: string, props: NodeFunctionProps) {
    super(scope, id)
    const { config, tables, principal } = props
    const { logGroup, role } = addIdentity(this, props)
    this.role = role

    const bundle = bundleAsset(props.entry, props.files)
    this.lambda = new LambdaFunction(this, 'Function', {
      code: Code.fromAsset(bundle.path, bundle.options),
      handler: props.handler ?? 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      role,
      tracing: config.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      systemLogLevelV2: SystemLogLevel.WARN,
      timeout: props.timeout,
      memorySize: props.memoryMb,
      ...(props.reservedConcurrency === undefined
        ? {}
        : { reservedConcurrentExecutions: props.reservedConcurrency }),
      ...(props.layers === undefined ? {} : { layers: props.layers }),
      environment: { ...commonEnvironment(config, tables, principal), ...props.environment },
    })

    Validations.of(this).acknowledge(
      config.tracing ? acknowledged.tracingRights : acknowledged.noTracing,
    )
  }
}

/** What runs code: its log group, and a role that may write there and do its row of `src/rights.ts`. */
export function addIdentity(scope: Construct, props: IdentityProps) {
  const { config, tables, principal, readsSecrets = true } = props
  const logGroup = new LogGroup(scope, 'Logs', {
    retention: config.logRetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  const role = new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: `Execution role of ${props.entry}`,
  })
  logGroup.grantWrite(role)
  for (const statement of [
    ...tableStatements(principal, tables),
    ...(readsSecrets ? secretStatements(Stack.of(scope), config.stage) : []),
  ]) {
    role.addToPolicy(statement)
  }
  if (readsSecrets) Validations.of(scope).acknowledge(acknowledged.keyOfSsm)
  return { logGroup, role }
}

/** Names of things, which every function is told; never a secret. */
export function commonEnvironment(
  config: StageConfig,
  tables: DeployedTables,
  principal: Principal,
): Record<string, string> {
  return {
    [envKey.stage]: config.stage,
    [envKey.service]: principal,
    [envKey.balancesTable]: tables.balances.tableName,
    [envKey.keysTable]: tables.keys.tableName,
    [envKey.profilesTable]: tables.profiles.tableName,
    [envKey.receiptsTable]: tables.receipts.tableName,
    [envKey.spendTable]: tables.spend.tableName,
    [envKey.secretsSource]: `ssm:/${secretsParameter(config.stage)}:${config.secretsVersion}`,
    [envKey.deadlineMs]: String(config.gateway.deadlineMs),
    [envKey.leaseMarginMs]: String(config.gateway.leaseMarginMs),
    NODE_OPTIONS: '--enable-source-maps',
  }
}
