/** Reads a reply no further than a bound: neither a runtime nor a proxy may fill our memory. */

/** Undefined when the body is longer than `bytesMax`; rejects when the connection fails. */
export async function readBoundedText(
  response: Response,
  bytesMax: number,
): Promise<string | undefined> {
  if (response.body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const piece of response.body) {
    bytes += piece.byteLength
    if (bytes > bytesMax) return undefined
    text += decoder.decode(piece, { stream: true })
  }
  return text + decoder.decode()
}
