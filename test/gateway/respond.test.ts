// A reply that cannot be made leaves no money held: what is asked for runs to its end all the same.
import { expect, test } from 'vitest'
import type { AnswerForm } from '../../src/gateway/answer-form.ts'
import type { CompletionEvent } from '../../src/gateway/completion-event.ts'
import { toWholeAnswer } from '../../src/gateway/respond.ts'
import { formFailed } from '../../src/gateway/stop.ts'
import { chunkWith, identity } from '../support/response-run.ts'

test('a fault of the form is told once the request is settled', async () => {
  const told: (string | symbol | undefined)[] = []
  async function* events(): AsyncGenerator<CompletionEvent> {
    yield { kind: 'chunks', chunks: [chunkWith({ content: 'Hi' })] }
    yield { kind: 'chunks', chunks: [chunkWith({ content: ' there' })] }
    told.push('settled')
  }
  const form: Pick<AnswerForm, 'toJson'> = {
    toJson: async (answered) => {
      for await (const { kind } of answered) throw new RangeError(`no room for a ${kind}`)
      throw new Error('there was nothing to answer')
    },
  }
  const run = {
    form,
    events: events(),
    identity,
    onClientGone: (why?: symbol) => void told.push(why),
  }
  await expect(toWholeAnswer(run)).rejects.toThrow('no room for a chunks')
  expect(told).toEqual([formFailed, 'settled'])
})
