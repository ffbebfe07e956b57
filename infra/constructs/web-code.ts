/**
 * The bundle of a Web Function: Lambda reads it at each start of an environment, from a versioned bucket that it is
 * copied into. The copying is CDK's own, a function that runs during a deployment and at no other time.
 */
import { CfnResource, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, CfnFunction, WebFunctionCode } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { acknowledged, copyRights } from '../checks.ts'
import type { StageConfig } from '../config.ts'
import { bundleAsset } from './bundle.ts'
import { plainBucket } from './plain-bucket.ts'

export type WebCodeProps = {
  readonly config: StageConfig
  /** Paths from the repository root: of the entry file, and of what lies beside its bundle. */
  readonly entry: string
  readonly files: readonly string[]
}

export class WebCode extends Construct {
  readonly code: WebFunctionCode
  readonly #role: Role
  readonly #bucket: Bucket

  constructor(scope: Construct, id: string, { config, entry, files }: WebCodeProps) {
    super(scope, id)
    // Each deployment puts its bundle here and takes away the one before, version and all, so that it is
    // empty when its stack is deleted.
    this.#bucket = new Bucket(this, 'Bucket', {
      versioned: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      lifecycleRules: [
        {
          noncurrentVersionExpiration: Duration.days(30),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const logGroup = new LogGroup(this, 'CopyLogs', {
      retention: config.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.#role = new Role(this, 'CopyRole', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: 'Copies the bundle into the bucket that Lambda reads it from',
    })
    logGroup.grantWrite(this.#role)
    const bundle = bundleAsset(entry, files)
    this.code = WebFunctionCode.fromAssetToProvidedBucket(plainBucket(this.#bucket), bundle.path, {
      ...bundle.options,
      copyOptions: { logGroup, role: this.#role },
    })
  }

  /** To be called when the Web Function is there: settles what CDK leaves open of the copying. */
  finish(): void {
    const stack = Stack.of(this)
    const resources = stack.node.findAll().filter((one) => CfnResource.isCfnResource(one))
    for (const copier of resources.filter((one) => CfnFunction.isCfnFunction(one))) {
      copier.memorySize = 256
      copier.architectures = [Architecture.ARM_64.name]
      Validations.of(copier).acknowledge(acknowledged.noTracing, acknowledged.copying)
    }
    for (const copy of resources) {
      if (copy.cfnResourceType !== 'Custom::S3ObjectCopy') continue
      // The revision's settings, read before references to other stacks are made: they would name tables that
      // this stack does not have. Without them, revisions that differ in settings alone share one object.
      copy.addPropertyDeletionOverride('Configuration')
    }
    Validations.of(this.#bucket).acknowledge(acknowledged.noAccessLogOfCode)
    Validations.of(this.#role).acknowledge(...copyRights(stack, this.#bucket))
  }
}
