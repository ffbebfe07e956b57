import { describe, expect, test } from 'vitest'
import { listeningAddress } from '../../functions/gateway/listening-address.ts'

describe('the gateway listens', () => {
  test.each([
    ['where a Web Function says', { AWS_LAMBDA_HTTP_ENDPOINT: '0.0.0.0:3000' }, '0.0.0.0', 3000],
    ['there over IPv6 too', { AWS_LAMBDA_HTTP_ENDPOINT: '[::]:3000' }, '::', 3000],
    [
      'there whatever else is said',
      { AWS_LAMBDA_HTTP_ENDPOINT: '0.0.0.0:3000', AWS_LWA_PORT: '8080', PORT: '8080' },
      '0.0.0.0',
      3000,
    ],
    ['on the adapter’s port, for itself', { AWS_LWA_PORT: '9000', PORT: '1' }, '127.0.0.1', 9000],
    ['on PORT without an adapter', { PORT: '9001' }, '127.0.0.1', 9001],
    ['for itself whatever the machine is called', { HOST: '::1' }, '127.0.0.1', 8080],
    ['on 8080 where nothing is said', {}, '127.0.0.1', 8080],
  ])('%s', (_, env, hostname, port) => {
    expect(listeningAddress(env)).toEqual({ hostname, port })
  })

  test.each([
    [{ AWS_LAMBDA_HTTP_ENDPOINT: 'http://0.0.0.0:3000' }, /must be host:port\.$/],
    [{ AWS_LAMBDA_HTTP_ENDPOINT: '0.0.0.0' }, /must be host:port\.$/],
    [{ AWS_LAMBDA_HTTP_ENDPOINT: '0.0.0.0:70000' }, /"70000" is not a number from 0 to 65535\.$/],
    [{ PORT: 'http' }, /"http" is not a number/],
  ])('nowhere for %j', (env, fault) => {
    expect(() => listeningAddress(env)).toThrow(fault)
  })
})
