import { expect, test } from 'vitest'
import { endpointOf, urlOf } from '../../../src/adapters/aws/endpoint.ts'

const at = (env: Record<string, string>) => {
  const { url, region } = endpointOf('dynamodb', env)
  return [url.href, region]
}

test('a service is reached in the region of the environment', () => {
  const here = ['https://dynamodb.eu-west-1.amazonaws.com/', 'eu-west-1']
  expect(at({ AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'us-east-1' })).toEqual(here)
  expect(at({ AWS_DEFAULT_REGION: 'eu-west-1' })).toEqual(here)
})

test('an address that the environment gives is taken, the one for the service first', () => {
  const env = { AWS_REGION: 'r', AWS_ENDPOINT_URL: 'http://all:1' }
  expect(at(env)).toEqual(['http://all:1/', 'r'])
  expect(at({ ...env, AWS_ENDPOINT_URL_DYNAMODB: 'http://one:2' })).toEqual(['http://one:2/', 'r'])
})

test('without a region nothing starts', () => {
  expect(() => at({})).toThrow('There is no AWS region: set AWS_REGION')
})

test.each(['nonsense', 'ftp://there', ''])('%j is no address', (given) => {
  expect(() => urlOf(given)).toThrow(/is no address of a service: give one that begins/)
})
