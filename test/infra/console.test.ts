import { runInNewContext } from 'node:vm'
import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { StageConfig } from '../../infra/config.ts'
import { ConsoleStack, pagesCode } from '../../infra/stacks/console.ts'
import { resourcesOf, stageConfig, withApp } from './synthesize.ts'

const called = { gatewayUrl: 'https://gateway.example/', adminUrl: 'https://admin.example/' }
const synthesized = (config: StageConfig) =>
  withApp({}, (app) => Template.fromStack(new ConsoleStack(app, 'Console', config, called)))

const console = synthesized(stageConfig('dev'))
const [bucket, ...otherBuckets] = resourcesOf({ console }, 'AWS::S3::Bucket')
const [distribution] = resourcesOf({ console }, 'AWS::CloudFront::Distribution')

describe('the console’s files', () => {
  test('are in one bucket that nobody but CloudFront reads', () => {
    expect(otherBuckets).toEqual([])
    expect(bucket?.body.Properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      BucketEncryption: expect.anything(),
    })
    console.hasResourceProperties('AWS::CloudFront::OriginAccessControl', {
      OriginAccessControlConfig: { SigningBehavior: 'always', SigningProtocol: 'sigv4' },
    })
  })

  test.each([
    ['dev', 'Delete'],
    ['prod', 'Retain'],
  ])('go with the stack or stay as stage %s says: %s', (stage, policy) => {
    const [one] = resourcesOf({ console: synthesized(stageConfig(stage)) }, 'AWS::S3::Bucket')
    expect(one?.body.DeletionPolicy).toBe(policy)
  })
})

describe('the console’s pages', () => {
  test('come over HTTPS, from the cheapest locations, and begin with index.html', () => {
    expect(distribution?.body.Properties.DistributionConfig).toMatchObject({
      DefaultRootObject: 'index.html',
      PriceClass: 'PriceClass_100',
      HttpVersion: 'http2and3',
      DefaultCacheBehavior: { ViewerProtocolPolicy: 'redirect-to-https', Compress: true },
    })
  })

  test('have the operator’s own name, and TLS 1.2 at least, where the stage says so', () => {
    const address = {
      domainName: 'console.example.net',
      certificateArn: 'arn:aws:acm:us-east-1:111122223333:certificate/0a1b',
    }
    const named = synthesized({ ...stageConfig('dev'), console: address })
    named.hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: {
        Aliases: [address.domainName],
        ViewerCertificate: {
          AcmCertificateArn: address.certificateArn,
          MinimumProtocolVersion: 'TLSv1.2_2021',
          SslSupportMethod: 'sni-only',
        },
      },
    })
    named.hasOutput('ConsoleUrl', { Value: 'https://console.example.net' })
  })

  test('may run their own scripts, call the two APIs, and be framed by nobody', () => {
    const Policy = z.object({ ResponseHeadersPolicyConfig: z.looseObject({}) })
    const [policy] = resourcesOf({ console }, 'AWS::CloudFront::ResponseHeadersPolicy')
    expect(Policy.parse(policy?.body.Properties).ResponseHeadersPolicyConfig).toMatchObject({
      SecurityHeadersConfig: {
        ContentSecurityPolicy: {
          ContentSecurityPolicy: [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self' https://gateway.example/ https://admin.example/",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
          ].join('; '),
          Override: true,
        },
        StrictTransportSecurity: {
          AccessControlMaxAgeSec: 63_072_000,
          IncludeSubdomains: false,
          Override: true,
        },
        ContentTypeOptions: { Override: true },
        FrameOptions: { FrameOption: 'DENY', Override: true },
        ReferrerPolicy: { ReferrerPolicy: 'no-referrer', Override: true },
      },
    })
  })

  test.each([
    ['/', '/index.html'],
    ['/accounts/acct_1', '/index.html'],
    ['/accounts/', '/index.html'],
    ['/assets/app-1a2b.js', '/assets/app-1a2b.js'],
    ['/favicon.ico', '/favicon.ico'],
    ['/v1.2/models', '/index.html'],
  ])('%s is answered with %s', (uri, expected) => {
    const answered = runInNewContext(
      `${pagesCode}\nhandler({ request: { uri: ${JSON.stringify(uri)} } })`,
    )
    expect(answered).toMatchObject({ uri: expected })
  })

  test('are found through the outputs', () => {
    expect(Object.keys(console.findOutputs('*'))).toEqual([
      'ConsoleUrl',
      'ConsoleBucket',
      'DistributionId',
      'DistributionDomain',
    ])
  })
})
