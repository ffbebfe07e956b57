import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { imageTypes, readImages } from '../../src/metering/images.ts'
import type { ChatMessage } from '../../src/protocol/chat-request.ts'
import { limits } from '../../src/protocol/limits.ts'
import { dataUri, gif, jpeg, png, webp } from './pictures.ts'

const showing = (...urls: readonly string[]): ChatMessage => ({
  role: 'user',
  content: [
    { type: 'text', text: 'What is this?' },
    ...urls.map((url) => ({ type: 'image_url' as const, image_url: { url } })),
  ],
})

function faultOf(url: string): string {
  const read = readImages([showing(url)])
  if (read.ok) throw new Error('the image was taken')
  expect(read.error).toMatchObject({
    code: 'invalid_value',
    param: 'messages.0.content.1.image_url.url',
  })
  return read.error.message ?? ''
}

const small = { width: 640, height: 480 }
const pictures = [
  ['png', png],
  ['jpeg', jpeg],
  ['jpeg', (size: typeof small) => jpeg(size, 0xc2)],
  ['gif', gif],
  ['gif', (size: typeof small) => gif(size, 'GIF87a')],
  ['webp', webp.lossy],
  ['webp', webp.lossless],
  ['webp', webp.canvas],
] as const

describe('an image is what its bytes are', () => {
  test.each(pictures)('%s', (type, draw) => {
    const read = readImages([showing(dataUri(type, draw(small)))])
    expect(read).toEqual({ ok: true, value: [type] })
  })

  test('also where a JPEG is called jpg', () => {
    const read = readImages([showing(dataUri('jpg', jpeg(small)))])
    expect(read).toEqual({ ok: true, value: ['jpeg'] })
  })

  test.each(imageTypes)('and not what the client calls %s', (stated) => {
    const other = stated === 'png' ? gif(small) : png(small)
    expect(faultOf(dataUri(stated, other))).toContain(`not a ${stated.toUpperCase()} image`)
  })

  test('all of a request are told in their order', () => {
    const messages: ChatMessage[] = [
      { role: 'system', content: 'Look.' },
      showing(dataUri('png', png(small)), dataUri('gif', gif(small))),
      { role: 'assistant', content: null },
      showing(dataUri('webp', webp.lossy(small))),
    ]
    expect(readImages(messages)).toEqual({ ok: true, value: ['png', 'gif', 'webp'] })
  })
})

describe('what is no image that hosts read is refused', () => {
  test.each([
    ['a drawing', dataUri('svg+xml', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))],
    ['a page', 'data:text/html;base64,PGI+'],
    ['text', 'data:,hello'],
    ['base64 without saying so', 'data:image/png,iVBORw0KGgo='],
    ['parameters in between', 'data:image/png;name=x;base64,iVBORw0KGgo='],
  ])('%s', (_, url) => {
    expect(faultOf(url)).toContain('must be a data URI of a PNG, JPEG, WebP or GIF in base64')
  })

  test.each([
    ['characters of no alphabet', 'iVBORw0K*go='],
    ['the alphabet of URLs', 'iVBORw0K-go_'],
    ['white space', 'iVBOR w0KGgo'],
    ['a length of no group', 'iVBORw0KGg'],
    ['padding in the middle', 'iVBO==0KGgoA'],
  ])('base64 with %s', (_, data) => {
    expect(faultOf(`data:image/png;base64,${data}`)).toContain('the data is not valid base64')
  })
})

describe('the size of an image', () => {
  test.each(pictures)('of a %s is read from its header, to the pixel', (type, draw) => {
    const most = limits.imagePixels
    const taken = (width: number, height: number) =>
      readImages([showing(dataUri(type, draw({ width, height })))]).ok
    expect(taken(most, 1)).toBe(true)
    expect(taken(1, most)).toBe(true)
    expect(taken(most + 1, 1)).toBe(false)
    expect(taken(1, most + 1)).toBe(false)
  })

  test('is not nothing', () => {
    expect(faultOf(dataUri('png', png({ width: 0, height: 4 })))).toContain('1 to 8192 pixels')
    // A JPEG may tell its height after its first lines, which nobody has read then.
    expect(faultOf(dataUri('jpeg', jpeg({ width: 4, height: 0 })))).toContain('1 to 8192 pixels')
  })

  test.each(pictures)('of a %s that is cut short is not known', (type, draw) => {
    const whole = draw(small)
    const headless = whole.subarray(0, { png: 20, jpeg: whole.length - 12, gif: 8, webp: 26 }[type])
    expect(faultOf(dataUri(type, headless))).toContain('the header of the image cannot be read')
  })

  test('in bytes is bounded as well', () => {
    const padded = (bytes: number) => Buffer.concat([png(small), Buffer.alloc(bytes)], bytes)
    expect(readImages([showing(dataUri('png', padded(limits.imageBytes)))]).ok).toBe(true)
    expect(faultOf(dataUri('png', padded(limits.imageBytes + 1)))).toContain(
      'at most 3145728 bytes',
    )
    expect(faultOf(dataUri('png', padded(limits.imageBytes + 3)))).toContain(
      'at most 3145728 bytes',
    )
  })
})

test('a request takes 16 images and not one more', () => {
  const urls = Array<string>(limits.imagesPerRequest).fill(dataUri('png', png(small)))
  expect(readImages([showing(...urls)]).ok).toBe(true)
  expect(readImages([showing(...urls), showing(dataUri('png', png(small)))])).toMatchObject({
    ok: false,
    error: { param: 'messages.1.content.1.image_url.url' },
  })
})

test('whatever the bytes are, reading them ends without a fault of ours', () => {
  const heads = pictures.map(([type, draw]) => ({ type, head: draw(small) }))
  const cut = fc.record({
    picture: fc.constantFrom(...heads),
    keep: fc.nat({ max: 400 }),
    tail: fc.uint8Array({ maxLength: 60 }),
  })
  fc.assert(
    fc.property(cut, ({ picture: { type, head }, keep, tail }) => {
      const bytes = Buffer.concat([head.subarray(0, keep), tail])
      const read = readImages([showing(dataUri(type, bytes))])
      if (!read.ok) expect(read.error.code).toBe('invalid_value')
    }),
  )
})
