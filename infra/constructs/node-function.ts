/**
 * One deployed TypeScript entry file: bundled by the local esbuild, with its own log group and its
 * own role, which may do what `src/rights.ts` says and nothing else. The other constructs add how
 * it is reached.
 */
import { join } from 'node:path'
import { type Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  ApplicationLogLevel,
  Architecture,
  type ILayerVersion,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda'
import {
  type BundlingOptions,
  LogLevel,
  NodejsFunction,
  OutputFormat,
} from 'aws-cdk-lib/aws-lambda-nodejs'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { envKey } from '../../src/names.ts'
import type { Principal } from '../../src/rights.ts'
import { acknowledged } from '../checks.ts'
import type { StageConfig } from '../config.ts'
import { secretStatements, secretsParameter, tableStatements } from '../permissions.ts'
import type { DeployedTables } from './b3iq-tables.ts'

const repositoryRoot = join(import.meta.dirname, '..', '..')

export type NodeFunctionProps = {
  readonly config: StageConfig
  readonly tables: DeployedTables
  /** The row of `src/rights.ts` that the role gets. */
  readonly principal: Principal
  /** Path of the entry file from the repository root. */
  readonly entry: string
  readonly timeout: Duration
  readonly memoryMb: number
  /** @default true: most functions sign or verify something */
  readonly readsSecrets?: boolean
  /** @default no reservation: new accounts have too little concurrency to set any aside */
  readonly reservedConcurrency?: number | undefined
  /** @default the export `handler` of the entry file */
  readonly handler?: string
  readonly layers?: ILayerVersion[]
  /** Added to the variables that every function gets. */
  readonly environment?: Readonly<Record<string, string>>
  readonly commandHooks?: BundlingOptions['commandHooks']
}

export class NodeFunction extends Construct {
  readonly lambda: NodejsFunction
  readonly role: Role

  constructor(scope: Construct, id: string, props: NodeFunctionProps) {
    super(scope, id)
    const { config, tables, principal, readsSecrets = true } = props
    const logGroup = new LogGroup(this, 'Logs', {
      retention: config.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Execution role of ${props.entry}`,
    })
    logGroup.grantWrite(role)
    for (const statement of [
      ...tableStatements(principal, tables),
      ...(readsSecrets ? secretStatements(Stack.of(this), config.stage) : []),
    ]) {
      role.addToPolicy(statement)
    }
    this.role = role

    this.lambda = new NodejsFunction(this, 'Function', {
      entry: join(repositoryRoot, props.entry),
      projectRoot: repositoryRoot,
      depsLockFilePath: join(repositoryRoot, 'package-lock.json'),
      handler: props.handler ?? 'handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      bundling: bundling(props.commandHooks),
      role,
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
      environment: { ...commonEnvironment(config, tables), ...props.environment },
    })

    Validations.of(this).acknowledge(acknowledged.noTracing)
    if (readsSecrets) Validations.of(this).acknowledge(acknowledged.keyOfSsm)
  }
}

function bundling(commandHooks: BundlingOptions['commandHooks']): BundlingOptions {
  return {
    format: OutputFormat.ESM,
    target: 'node24',
    minify: true,
    sourceMap: true,
    sourcesContent: false,
    logLevel: LogLevel.WARNING,
    mainFields: ['module', 'main'],
    // The SDK is bundled too: the runtime's copy is another version and is not tree-shaken.
    externalModules: [],
    // Packages in CommonJS call require, which an ES module lacks.
    banner:
      "import{createRequire as b3iqRequire}from'node:module';const require=b3iqRequire(import.meta.url);",
    ...(commandHooks === undefined ? {} : { commandHooks }),
  }
}

function commonEnvironment(config: StageConfig, tables: DeployedTables): Record<string, string> {
  return {
    [envKey.stage]: config.stage,
    [envKey.balancesTable]: tables.balances.tableName,
    [envKey.keysTable]: tables.keys.tableName,
    [envKey.profilesTable]: tables.profiles.tableName,
    [envKey.receiptsTable]: tables.receipts.tableName,
    [envKey.spendTable]: tables.spend.tableName,
    [envKey.secretsSource]: `ssm:/${secretsParameter(config.stage)}`,
    [envKey.deadlineMs]: String(config.gateway.deadlineMs),
    [envKey.leaseMarginMs]: String(config.gateway.leaseMarginMs),
    NODE_OPTIONS: '--enable-source-maps',
  }
}
