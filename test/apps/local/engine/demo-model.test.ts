// The model file: the same bytes everywhere, readable as GGUF, and built so that its tokens can
// be counted without it.

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { chatTemplate } from '../../../../apps/local/engine/chat-template.ts'
import { demoModelName } from '../../../../apps/local/engine/demo-model.ts'
import { encodeGguf } from '../../../../apps/local/engine/gguf.ts'
import { joins, vocabulary } from '../../../../apps/local/engine/vocabulary.ts'
import { writeDemoModel } from '../../../../apps/local/engine/write-model.ts'
import { writeTestModel } from './opened-engines.ts'

const model = await writeTestModel()
afterAll(model.remove)

describe('the model file', () => {
  it('has the same bytes and digest every time', async () => {
    const first = await readFile(model.path)
    const again = await writeDemoModel(model.path)
    expect(first.equals(await readFile(model.path))).toBe(true)
    expect(again).toEqual({
      bytes: first.length,
      // The model's identity: whoever means to change the model changes this with it.
      sha256: 'e5f733cf6b8d70533d98d903d68997803d26c15203586cc7b9d504803d708963',
    })
  })

  it('appears whole or not at all', async () => {
    const plain = join(model.folder, 'plain')
    await writeFile(plain, '')
    await expect(writeDemoModel(join(plain, 'x.gguf'))).rejects.toThrow('ENOTDIR')
    await expect(writeDemoModel(model.folder)).rejects.toThrow('EISDIR')
    expect((await readdir(model.folder)).toSorted()).toEqual(['demo.gguf', 'plain'])
  })

  it('reads back as the model it describes', async ({ skip }) => {
    const gguf = await import('node-llama-cpp').catch(() => undefined)
    if (gguf === undefined) return skip('node-llama-cpp is not installed here')
    const info = await gguf.readGgufFileInfo(model.path)
    expect(info).toMatchObject({
      version: 3,
      metadata: {
        general: { architecture: 'llama', name: demoModelName },
        llama: { context_length: 2048, vocab_size: vocabulary.length },
        tokenizer: { chat_template: chatTemplate, ggml: { add_bos_token: true } },
      },
    })
    expect(info.metadata.tokenizer.ggml.tokens).toEqual(vocabulary.map(({ text }) => text))
    const embedding = info.tensorInfo?.find(({ name }) => name === 'token_embd.weight')
    expect(embedding?.dimensions.map(Number)).toEqual([64, vocabulary.length])
  })
})

describe('the format', () => {
  it('refuses tensors whose values do not fill their shape', () => {
    const tensors = [{ name: 'a', shape: [2, 3], values: new Float32Array(5) }]
    expect(() => encodeGguf({ metadata: {}, tensors })).toThrow('a does not fill its shape')
  })

  it('aligns every tensor to 32 bytes', () => {
    const tensor = (name: string) => ({ name, shape: [1], values: Float32Array.of(1) })
    const bytes = Buffer.from(encodeGguf({ metadata: {}, tensors: [tensor('a'), tensor('b')] }))
    expect(bytes.length % 32).toBe(0)
    expect([bytes.readFloatLE(bytes.length - 64), bytes.readFloatLE(bytes.length - 32)]).toEqual([
      1, 1,
    ])
  })
})

describe('the vocabulary', () => {
  it('names every token once', () => {
    expect(new Set(vocabulary.map(({ text }) => text)).size).toBe(vocabulary.length)
  })

  it('joins every token in one way alone, so that no order of joins changes a count', () => {
    const texts = new Set(vocabulary.map(({ text }) => text))
    const ways = [...texts].flatMap((text) =>
      Array.from({ length: text.length - 1 }, (_, index) => ({
        left: text.slice(0, index + 1),
        right: text.slice(index + 1),
      })).filter(({ left, right }) => texts.has(left) && texts.has(right)),
    )
    const byText = (one: { readonly left: string; readonly right: string }) => one.left + one.right
    expect(ways.map(byText).toSorted()).toEqual(joins.map(byText).toSorted())
    expect(new Set(ways.map(byText)).size).toBe(ways.length)
  })

  it('speaks in words of four to seven bytes, space included', () => {
    const spoken = vocabulary.filter(({ wordClass }) => wordClass !== 'start')
    for (const { text } of spoken) expect(text).toMatch(/^\u2581[A-Za-z.]{3,6}$/)
    expect(spoken.length).toBeGreaterThan(250)
  })
})
