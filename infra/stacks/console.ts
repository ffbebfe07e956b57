/**
 * Where the web console is served from: a private bucket behind CloudFront. Content is not deployed from
 * here; a build is copied into the bucket. Nothing of it is billed while nobody visits.
 */
import { type App, Aws, CfnOutput, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import {
  CachePolicy,
  Distribution,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HttpVersion,
  PriceClass,
  S3OriginAccessControl,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront'
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins'
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3'
import { acknowledged } from '../checks.ts'
import type { StageConfig } from '../config.ts'
import { plainBucket } from '../constructs/plain-bucket.ts'
import { WebHeaders } from '../constructs/web-headers.ts'

/** What pages may call, as addresses with their scheme. */
export type CalledUrls = { readonly gatewayUrl: string; readonly adminUrl: string }

export class ConsoleStack extends Stack {
  constructor(scope: App, id: string, config: StageConfig, called: CalledUrls) {
    super(scope, id, { description: 'B3IQ: the web console' })
    const { console: address, protectData, stage } = config
    const bucket = new Bucket(this, 'Content', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      // Not versioned: content is a build, and an older one is copied back from its source.
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      removalPolicy: protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    })
    const headers = new WebHeaders(this, 'Headers', {
      name: regionalName(stage, 'headers'),
      connectsTo: [called.gatewayUrl, called.adminUrl],
    })
    const pages = new EdgeFunction(this, 'Pages', {
      runtime: FunctionRuntime.JS_2_0,
      code: FunctionCode.fromInline(pagesCode),
    })
    const distribution = new Distribution(this, 'Distribution', {
      comment: `B3IQ console of stage ${stage}`,
      defaultRootObject: 'index.html',
      priceClass: PriceClass.PRICE_CLASS_100,
      httpVersion: HttpVersion.HTTP2_AND_3,
      ...(address === undefined
        ? {}
        : {
            domainNames: [address.domainName],
            minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
            certificate: Certificate.fromCertificateArn(
              this,
              'Certificate',
              address.certificateArn,
            ),
          }),
      defaultBehavior: {
        origin: originOf(this, bucket, regionalName(stage, 'access')),
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        cachePolicy: CachePolicy.CACHING_OPTIMIZED,
        compress: true,
        responseHeadersPolicy: headers.policy,
        functionAssociations: [{ eventType: FunctionEventType.VIEWER_REQUEST, function: pages }],
      },
    })
    Validations.of(bucket).acknowledge(acknowledged.noAccessLogOfBucket)
    Validations.of(distribution).acknowledge(
      acknowledged.everyCountry,
      acknowledged.noFirewall,
      acknowledged.noAccessLogOfConsole,
      ...(address === undefined ? [acknowledged.certificateOfCloudFront] : []),
    )
    const host = address?.domainName ?? distribution.distributionDomainName
    new CfnOutput(this, 'ConsoleUrl', { value: `https://${host}` })
    new CfnOutput(this, 'ConsoleBucket', { value: bucket.bucketName })
    new CfnOutput(this, 'DistributionId', { value: distribution.distributionId })
    // Where the operator's own name points.
    new CfnOutput(this, 'DistributionDomain', { value: distribution.distributionDomainName })
  }
}

/** CloudFront reads the bucket as itself, and only for its own distribution. */
function originOf(scope: Stack, bucket: Bucket, originAccessControlName: string) {
  const originAccessControl = new S3OriginAccessControl(scope, 'Access', {
    originAccessControlName,
  })
  return S3BucketOrigin.withOriginAccessControl(plainBucket(bucket), { originAccessControl })
}

/** CloudFront wants a name of these, unique in the account, and a stage may be in several regions. */
const regionalName = (stage: string, of: string) => `b3iq-${stage}-console-${of}-${Aws.REGION}`

/**
 * Pages have addresses without a dot and are all the one application; everything else is a file. An answer
 * of index.html for each missing object would also hand it out as a script that is not there.
 */
export const pagesCode = `function handler(event) {
  const request = event.request
  const last = request.uri.split('/').pop()
  if (!last.includes('.')) request.uri = '/index.html'
  return request
}`
