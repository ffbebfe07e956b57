/**
 * A plain HTTP server on Lambda: the Lambda Web Adapter layer forwards each invocation to it and
 * streams its answer out through the function URL.
 */
import { Aws, CfnMapping, Duration, Validations } from 'aws-cdk-lib'
import { FunctionUrlAuthType, InvokeMode, LayerVersion } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroupRef } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type { Principal } from '../../src/rights.ts'
import { acknowledged } from '../checks.ts'
import { gatewayTimeoutSec, type StageConfig } from '../config.ts'
import type { ObservedFunction } from '../observability/observed.ts'
import type { DeployedTables } from './b3iq-tables.ts'
import { NodeFunction } from './node-function.ts'

export type StreamingFunctionProps = {
  readonly config: StageConfig
  readonly tables: DeployedTables
  readonly principal: Principal
  /** Folder, from the repository root, with `server.ts` and the `run.sh` that starts it. */
  readonly folder: string
  /** Paths from the repository root of what the server reads beside its bundle. */
  readonly files: readonly string[]
}

export class StreamingFunction extends Construct {
  readonly url: string
  readonly logGroup: ILogGroupRef
  readonly lambda: ObservedFunction

  constructor(scope: Construct, id: string, props: StreamingFunctionProps) {
    super(scope, id)
    const { config, tables, principal, folder, files } = props
    const { memoryMb, reservedConcurrency, webAdapterLayers } = config.gateway
    const layerArn = webAdapterLayerArn(this, webAdapterLayers)
    const { lambda } = new NodeFunction(this, 'Server', {
      config,
      tables,
      principal,
      entry: `${folder}/server.ts`,
      // The adapter replaces the runtime's handler: it runs this file. The dot keeps CDK from
      // reading it as an export's name.
      handler: 'run.sh',
      files: [`${folder}/run.sh`, ...files],
      timeout: Duration.seconds(gatewayTimeoutSec(config.gateway)),
      memoryMb,
      reservedConcurrency,
      layers: [LayerVersion.fromLayerVersionArn(this, 'WebAdapter', layerArn)],
      environment: {
        AWS_LAMBDA_EXEC_WRAPPER: '/opt/bootstrap',
        // The adapter takes a value it does not know for `buffered`, and says nothing.
        AWS_LWA_INVOKE_MODE: 'response_stream',
        AWS_LWA_PORT: '8080',
        AWS_LWA_READINESS_CHECK_PATH: '/healthz',
      },
    })
    // Anyone may call: customers authenticate with keys, which the server checks. There is no VPC,
    // in which function URLs do not stream.
    const { url } = lambda.addFunctionUrl({
      authType: FunctionUrlAuthType.NONE,
      invokeMode: InvokeMode.RESPONSE_STREAM,
    })
    this.url = url
    this.logGroup = lambda.logGroup
    this.lambda = lambda
    Validations.of(this).acknowledge(acknowledged.synchronous)
  }
}

/** Version 27 is adapter 1.0.0. Older ones end the process when a client goes away mid-stream. */
function webAdapterLayerArn(
  scope: Construct,
  byRegion: StageConfig['gateway']['webAdapterLayers'],
): string {
  if (byRegion === undefined) {
    return `arn:${Aws.PARTITION}:lambda:${Aws.REGION}:753240598075:layer:LambdaAdapterLayerArm64:27`
  }
  const mapping = new CfnMapping(scope, 'WebAdapterByRegion', {
    mapping: Object.fromEntries(Object.entries(byRegion).map(([region, arn]) => [region, { arn }])),
  })
  return mapping.findInMap(Aws.REGION, 'arn')
}
