/** A gateway as far as receipts go, over real HTTP; what it answers can be made wrong. */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { onTestFinished } from 'vitest'
import type { StoredReceipt } from '../../../../src/protocol/receipt.ts'
import { ownView, publicView, published } from '../../../support/genuine-receipt.ts'

export const apiKey = `sk-b3iq-p1-${'k'.repeat(43)}`

/** Closed when the test has finished. */
export async function listen(answer: RequestListener): Promise<string> {
  const { url, close } = await listenUntilClosed(answer)
  onTestFinished(close)
  return url
}

export async function listenUntilClosed(answer?: RequestListener) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port.')
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${address.port}`, close }
}

export type Asked = { readonly path: string; readonly authorization: string | undefined }

/** Answers every known hash with `receipt`: its private part for the holder of `apiKey` alone. */
export async function serveReceipt(receipt: StoredReceipt, keys: object = published) {
  const asked: Asked[] = []
  const hashes = [receipt.receipt_hash, receipt.body.served?.node_receipt_hash]
  const replyTo = ({ url = '', headers: { authorization } }: IncomingMessage) => {
    asked.push({ path: url, authorization })
    if (url === '/.well-known/b3iq/keys.json') return { status: 200, body: keys }
    if (!hashes.some((hash) => url === `/v1/receipts/${hash}`)) {
      return { status: 404, body: { error: { code: 'receipt_not_found', message: 'No receipt.' } } }
    }
    const isOwner = authorization === `Bearer ${apiKey}`
    return { status: 200, body: isOwner ? ownView(receipt) : publicView(receipt) }
  }
  const url = await listen((request, response) => {
    const { status, body } = replyTo(request)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  return { url, asked }
}
