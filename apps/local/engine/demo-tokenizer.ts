// The demo model's vocabulary as a HuggingFace tokenizer.json, so that whoever counts tokens without
// the model counts what the model does. The same bytes every time: its digest is its name.

import { createHash } from 'node:crypto'
import { Tokenizer } from '@huggingface/tokenizers'
import { joins, vocabulary } from './vocabulary.ts'

/** Bytes of the file. */
export const demoTokenizer: Buffer = Buffer.from(
  JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    // Special tokens written out in a text are plain text, as the engine has it.
    added_tokens: [],
    normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: Object.fromEntries(vocabulary.map(({ text }, id) => [text, id])),
      merges: joins.map(({ left, right }) => [left, right]),
    },
  }),
)

export const demoTokenizerDigest: string = `sha256:${createHash('sha256').update(demoTokenizer).digest('hex')}`

/** Tokens of a text, as the model has them. */
export const makeDemoCount = (): ((text: string) => number) => {
  const tokenizer: { readonly tokenize: (text: string) => readonly string[] } = new Tokenizer(
    JSON.parse(demoTokenizer.toString('utf8')),
    {},
  )
  return (text) => tokenizer.tokenize(text).length
}
