/**
 * The headers that a browser is told to guard a page by. A page takes scripts and styles from its own files alone
 * and talks to the addresses it is given, so that a script slipped into it has nowhere to send a key.
 */
import { Duration } from 'aws-cdk-lib'
import {
  HeadersFrameOption,
  HeadersReferrerPolicy,
  ResponseHeadersPolicy,
} from 'aws-cdk-lib/aws-cloudfront'
import { Construct } from 'constructs'

export type WebHeadersProps = {
  readonly name: string
  /** Origins beside its own that a page may call. */
  readonly connectsTo: readonly string[]
}

export class WebHeaders extends Construct {
  readonly policy: ResponseHeadersPolicy

  constructor(scope: Construct, id: string, { name, connectsTo }: WebHeadersProps) {
    super(scope, id)
    const always = { override: true }
    this.policy = new ResponseHeadersPolicy(this, 'Policy', {
      responseHeadersPolicyName: name,
      securityHeadersBehavior: {
        contentSecurityPolicy: {
          contentSecurityPolicy: contentSecurityPolicy(connectsTo),
          ...always,
        },
        strictTransportSecurity: {
          accessControlMaxAge: Duration.days(730),
          // At an apex the names below it would be the operator's other servers.
          includeSubdomains: false,
          ...always,
        },
        contentTypeOptions: always,
        frameOptions: { frameOption: HeadersFrameOption.DENY, ...always },
        referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, ...always },
      },
      customHeadersBehavior: {
        customHeaders: [
          { header: 'cross-origin-opener-policy', value: 'same-origin', ...always },
          {
            header: 'permissions-policy',
            value: 'camera=(), geolocation=(), microphone=()',
            ...always,
          },
        ],
      },
    })
  }
}

function contentSecurityPolicy(connectsTo: readonly string[]): string {
  const directives = {
    'default-src': ["'none'"],
    'script-src': ["'self'"],
    'style-src': ["'self'"],
    'img-src': ["'self'", 'data:'],
    'font-src': ["'self'"],
    'connect-src': ["'self'", ...connectsTo],
    'manifest-src': ["'self'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': ["'none'"],
  }
  return Object.entries(directives)
    .map(([directive, sources]) => `${directive} ${sources.join(' ')}`)
    .join('; ')
}
