// Forms: ours can be read by anybody and hold nothing but what was put in; those of strangers are bounded.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FormPart, readForm, writeForm } from '../../src/http/form.ts'

const asRequest = ({ bytes, contentType }: ReturnType<typeof writeForm>, type = contentType) =>
  new Request('http://a.example/', {
    method: 'POST',
    headers: { 'content-type': type },
    body: Uint8Array.from(bytes),
  })

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const part = fc.oneof(
  fc.record({ name: text, value: text }),
  fc.record({ name: text, value: fc.record({ filename: text, bytes: fc.uint8Array() }) }),
)

describe('a form that is written', () => {
  test('is read as it was meant, whatever its parts hold', async () => {
    const parts = fc.array(part, { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(parts, async (written) => {
        const form = writeForm(written)
        const read = await readForm(asRequest(form), 1_000_000)
        if (written.length === 0) return
        if (!read.ok) throw new Error(read.error.message)
        const values = ({ value }: FormPart) =>
          typeof value === 'string' ? value : Buffer.from(value.bytes).toString('hex')
        expect(read.value.map(values)).toEqual(written.map(values))
      }),
      { numRuns: 60 },
    )
  })

  test('has no part that another one could pretend to be', async () => {
    const honest = writeForm([{ name: 'prompt', value: 'hi' }])
    const mark = honest.bytes.toString().split('\r\n')[0]
    const forged = `${mark}\r\ncontent-disposition: form-data; name="model"\r\n\r\nother\r\n${mark}--`
    const read = await readForm(asRequest(writeForm([{ name: 'prompt', value: forged }])), 10_000)
    expect(read).toMatchObject({ ok: true, value: [{ name: 'prompt', value: forged }] })
  })

  test('is the same bytes for the same parts', () => {
    const parts = [{ name: 'a', value: 'b' }]
    expect(writeForm(parts)).toEqual(writeForm([...parts]))
    expect(writeForm([{ name: 'a', value: 'c' }]).contentType).not.toBe(
      writeForm(parts).contentType,
    )
  })
})

describe('a form that is refused', () => {
  const form = writeForm([{ name: 'a', value: 'b' }])
  const parts = (count: number) => Array.from({ length: count }, () => ({ name: 'a', value: 'b' }))

  test.each<[string, Request, string]>([
    ['is none', asRequest(form, 'application/json'), 'unsupported_media_type'],
    ['has no boundary', asRequest(form, 'multipart/form-data'), 'invalid_value'],
    ['has an empty boundary', asRequest(form, 'multipart/form-data; boundary='), 'invalid_value'],
    [
      'has a boundary that is none',
      asRequest(form, `multipart/form-data; boundary="a"b"`),
      'invalid_value',
    ],
    ['has another boundary', asRequest(form, 'multipart/form-data; boundary=x'), 'invalid_value'],
    ['has too many parts', asRequest(writeForm(parts(33))), 'invalid_value'],
    [
      'has too many parts behind a second boundary',
      asRequest(writeForm(parts(33)), secondBoundary(writeForm(parts(33)).contentType)),
      'invalid_value',
    ],
    [
      'is too large',
      asRequest(writeForm([{ name: 'a', value: 'b'.repeat(10_000) }])),
      'request_too_large',
    ],
  ])('because it %s', async (_, request, code) => {
    expect(await readForm(request, 8_000)).toMatchObject({ ok: false, error: { code } })
  })

  test('not for the most parts that there may be', async () => {
    const read = await readForm(asRequest(writeForm(parts(32))), 100_000)
    expect(read.ok && read.value.length).toBe(32)
  })
})

/** In front of the real one, in a text of another parameter. */
function secondBoundary(contentType: string): string {
  return contentType.replace('boundary', 'z="; boundary=q"; boundary')
}
