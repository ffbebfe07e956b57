import { expect, test } from 'vitest'
import { type Endpoint, seal } from '../../src/gateway/inference.ts'
import { paidEndpoints } from '../../src/gateway/paid-endpoints.ts'
import { refuse } from '../../src/protocol/result.ts'

const refusing: Endpoint<{ readonly model: string }> = {
  read: async () => refuse('invalid_json'),
  work: () => Promise.reject(new Error('nothing was read')),
  form: () => {
    throw new Error('nothing was read')
  },
}

const asked = () => new Request('http://gateway.test/v1/late', { method: 'POST', body: '{' })

test('an endpoint is loaded with its first request, and no sooner', async () => {
  let loads = 0
  const { read } = seal('/v1/late', async () => {
    loads += 1
    return refusing
  })
  expect(loads).toBe(0)
  expect(await read(asked())).toMatchObject({ ok: false, error: { code: 'invalid_json' } })
  expect(loads).toBe(1)
})

test('what could not be loaded fails its request, and is tried again for the next', async () => {
  const outcomes = [Promise.reject(new Error('no such file')), Promise.resolve(refusing)]
  const { read } = seal('/v1/late', () => outcomes.shift() ?? refusing)
  await expect(read(asked())).rejects.toThrow('no such file')
  expect(await read(asked())).toMatchObject({ ok: false })
})

test.each(paidEndpoints)('the code of $path is there to be loaded', async ({ read }) => {
  expect(await read(asked())).toMatchObject({ ok: false })
})
