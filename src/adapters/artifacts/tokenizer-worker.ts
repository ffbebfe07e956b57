/**
 * The thread that runs tokenizers. Reading a large vocabulary takes seconds and counting takes
 * milliseconds a page; beside the thread that serves requests neither is felt.
 */
import { parentPort } from 'node:worker_threads'
import { Tokenizer } from '@huggingface/tokenizers'
import type { TokenizerOrder, TokenizerReply } from './tokenizer-messages.ts'
import { type Tokenizing, tokensOf } from './tokenizing.ts'

const tokenizers = new Map<string, Tokenizing>()

function load(artifact: Uint8Array): Tokenizing {
  const parsed: unknown = JSON.parse(
    Buffer.from(artifact.buffer, artifact.byteOffset, artifact.byteLength).toString('utf8'),
  )
  if (typeof parsed !== 'object' || parsed === null) throw new Error('it is no JSON object')
  return new Tokenizer(parsed, {})
}

function answer(order: TokenizerOrder): TokenizerReply | undefined {
  switch (order.kind) {
    case 'drop':
      tokenizers.delete(order.digest)
      return undefined
    case 'load':
      try {
        tokenizers.set(order.digest, load(order.artifact))
        return { kind: 'loaded', id: order.id }
      } catch (error) {
        const fault = error instanceof Error ? error.message : 'it cannot be read'
        return { kind: 'loaded', id: order.id, fault: `no tokenizer.json: ${fault}`.slice(0, 500) }
      }
    case 'count': {
      const tokenizer = tokenizers.get(order.digest)
      if (!tokenizer) return { kind: 'gone', id: order.id }
      try {
        return { kind: 'counted', id: order.id, tokens: tokensOf(tokenizer, order.texts) }
      } catch {
        return { kind: 'failed', id: order.id }
      }
    }
  }
}

parentPort?.on('message', (order: TokenizerOrder) => {
  const reply = answer(order)
  if (reply) parentPort?.postMessage(reply)
})
