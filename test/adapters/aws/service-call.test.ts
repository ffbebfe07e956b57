// What a reply says, down to those that say nothing.
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { makeServiceCall, readAnswer } from '../../../src/adapters/aws/service-call.ts'

const answer = (status: number, text: string, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: Buffer.from(text),
})
const checked = (status: number, text: string, of = text) =>
  answer(status, text, { 'x-amz-crc32': String(crc32(of)) })

describe('a reply', () => {
  test('is its JSON, with the checksum or without one', () => {
    expect(readAnswer(answer(200, '{"a":1}'))).toEqual({ a: 1 })
    expect(readAnswer(checked(200, '{"a":1}'))).toEqual({ a: 1 })
  })

  test('with a status of refusal is an error by its own name, with all that it says', () => {
    const reply = { __type: 'com.amazonaws#Refused', message: 'No.', Item: { pk: { S: 'a' } } }
    expect(() => readAnswer(checked(400, JSON.stringify(reply)))).toThrow(
      expect.objectContaining({ name: 'Refused', message: 'No.', status: 400, reply }),
    )
  })

  test.each([
    ['{"__type":"Refused","Message":"No."}', 'No.'],
    ['{"__type":"Refused"}', ''],
  ])('%s has the message %j', (text, message) => {
    expect(() => readAnswer(answer(400, text))).toThrow(
      expect.objectContaining({ name: 'Refused', message }),
    )
  })

  test.each([
    ['no JSON', answer(413, '<html>')],
    ['JSON without a type', answer(413, '{"message":"too large"}')],
    ['nothing', answer(413, '')],
  ])('of refusal that is %s is known by its status', (_, one) => {
    expect(() => readAnswer(one)).toThrow(
      expect.objectContaining({ name: 'UnknownError', status: 413 }),
    )
  })

  test.each([
    ['no JSON', answer(200, '<html>')],
    ['no object', answer(200, 'null')],
    ['cut short', answer(200, '{"a":')],
    ['other than its checksum says', checked(200, '{"a":1}', '{"a":2}')],
    ['a refusal other than its checksum says', checked(400, '{"__type":"Refused"}', '{}')],
  ])('that is %s is none: whether anything happened is not known', (_, one) => {
    expect(() => readAnswer(one)).toThrow(
      expect.objectContaining({ name: 'UnreadableReply', status: undefined }),
    )
  })
})

test('nothing is sent without credentials, and that is no error of the service', async () => {
  const missing = new Error('there are none')
  const posted: string[] = []
  const service = { name: 'ssm', region: 'r', host: 'h', contentType: 'application/json' }
  const call = makeServiceCall(service, {
    post: async (_, body) => {
      posted.push(body)
      return answer(200, '{}')
    },
    credentials: () => Promise.reject(missing),
    nowMs: () => 0,
  })
  await expect(call({ target: 'A.B', body: '{}' })).rejects.toBe(missing)
  expect(posted).toEqual([])
})
