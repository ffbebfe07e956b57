// Forms that are meant to hurt, at every endpoint that takes forms.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { gatewayEndpoints } from '../../src/gateway/api/endpoints.ts'
import { limits } from '../../src/protocol/limits.ts'
import { errorOf } from '../support/chat-client.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { cpuMsOf } from './bombs.ts'
import { callsOf } from './called-endpoints.ts'
import { bearer, type OpenGateway, openGateway } from './open-gateway.ts'

let bench: GatewayBench
let gateway: OpenGateway
let customer: Customer

beforeAll(async () => {
  bench = await startGatewayBench()
  gateway = await openGateway(bench)
  customer = await bench.customer()
})
afterAll(() => bench.stop())

const takers = callsOf(gatewayEndpoints).filter(({ takes }) =>
  takes.includes('multipart/form-data'),
)
const usual = 'multipart/form-data; boundary=x'
const field = (name: string, value = '') =>
  `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const end = '--x--\r\n'
const tiny = `--x\r\ncontent-disposition:form-data;name=a\r\n\r\n\r\n`
const nestedForm = [
  '--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"',
  'content-type: multipart/mixed; boundary=y\r\n',
  `--y\r\ncontent-disposition: attachment; filename="b.wav"\r\n\r\n${'a'.repeat(1_000)}`,
  `--y--\r\n${end}`,
].join('\r\n')

const bombs: readonly (readonly [what: string, type: string, body: string])[] = [
  ['10,000 parts', usual, field('a').repeat(10_000) + end],
  ['as many parts as fit', usual, tiny.repeat(limits.requestBodyBytes / tiny.length - 1) + end],
  ['no boundary', 'multipart/form-data', field('a') + end],
  ['an empty boundary', 'multipart/form-data; boundary=', field('a') + end],
  ['another boundary', 'multipart/form-data; boundary=y', field('a') + end],
  ['two boundaries', `multipart/form-data; boundary=y; boundary=x`, tiny.repeat(70_000) + end],
  ['a boundary in a text', `multipart/form-data; a=";boundary=y"; boundary=x`, tiny.repeat(70_000)],
  ['a boundary of dashes', 'multipart/form-data; boundary=-', '-'.repeat(4_000_000)],
  ['a boundary of 10 KB', `multipart/form-data; boundary=${'x'.repeat(10_000)}`, field('a')],
  ['a form in a form', usual, nestedForm],
  ['no end', usual, field('model', 'm') + field('a', 'a'.repeat(1_000_000))],
  ['a header of a megabyte', usual, `--x\r\nx-a: ${'a'.repeat(1_000_000)}\r\n\r\n\r\n${end}`],
  ['100,000 headers', usual, `--x\r\n${'a: b\r\n'.repeat(100_000)}\r\n\r\n${end}`],
  ['a part without a name', usual, `--x\r\ncontent-disposition: form-data\r\n\r\nm\r\n${end}`],
  ['a name of control characters', usual, field('mo\u0000del\u001b', 'm') + end],
  ['names that objects have', usual, field('__proto__', '1') + field('constructor', '1') + end],
  ['lists that are none', usual, field('[]') + field('model[]') + field('file[]') + end],
  ['a field where the file is due', usual, field('model', 'm') + field('file', 'audio') + end],
  ['JSON where a form is due', 'application/json', '{"model":"m"}'],
  ['more than there may be', usual, field('a', 'a'.repeat(limits.requestBodyBytes)) + end],
]

test.each(bombs)('a form with %s is refused, and soon', async (_, type, body) => {
  for (const { path } of takers) {
    const headers = { ...bearer(customer), 'content-type': type }
    const [refusal, cpuMs] = await cpuMsOf(async () => {
      const sent = await gateway.app.request(path, { method: 'POST', headers, body })
      // A quote takes the body of chat as well.
      return path === '/v1/account/quote' && type === 'application/json' ? undefined : errorOf(sent)
    })
    if (refusal) expect([400, 413, 415]).toContain(refusal.status)
    expect(cpuMs).toBeLessThan(1_000)
  }
  expect(gateway.dispatches()).toBe(0)
  expect(Reflect.get({}, 'polluted')).toBeUndefined()
})

test('forms are taken somewhere', () => {
  expect(takers.length).toBeGreaterThan(0)
})
