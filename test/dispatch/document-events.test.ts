// A host's document costs this process no more memory than an honest one does.
import { expect, test } from 'vitest'
import { documentEvents } from '../../src/dispatch/document-events.ts'

async function kindsOf(text: string): Promise<string[]> {
  const body = (async function* () {
    yield Buffer.from(text)
  })()
  const events = (await Array.fromAsync(documentEvents(body))).flat()
  return events.map(({ kind }) => kind)
}

test('the largest batch of vectors is a document', async () => {
  const embedding = `{"embedding":[${Array(4_096).fill('0').join()}]}`
  const text = `{"data":[${Array(256).fill(embedding).join()}],"usage":{"prompt_tokens":1}}`
  expect(await kindsOf(text)).toEqual(['document', 'done'])
})

test.each([
  ['numbers', '0'],
  ['objects', '{}'],
  ['lists', '[]'],
])('more %s than that are no document', async (_, one) => {
  expect(await kindsOf(`{"data":[${Array(1_100_000).fill(one).join()}]}`)).toEqual(['error'])
})
