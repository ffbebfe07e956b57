/**
 * Token counts from relayed bytes. A host chooses its frames and its claims, but not the bytes that
 * customers get: with a profile's calibrated bytes per token they bound what it can have worked.
 */
import type { ChatMessage } from '../protocol/chat-request.ts'
import type { TokenCounts } from '../protocol/usage.ts'

/** `mean` bytes per token; honest traffic stays within the fraction `band` of the count. */
export type ByteRatio = { readonly mean: number; readonly band: number }
export type ByteRatios = { readonly prompt: ByteRatio; readonly completion: ByteRatio }

/** Chat templates add about this much per message: role names, separators, special tokens. */
export const templateBytesPerMessage = 16

type Prompt = { readonly messages: readonly ChatMessage[]; readonly tools?: unknown }

/**
 * Bytes of what every template renders: texts, tool calls, tools, and an allowance for itself. Those of
 * images are none of them.
 */
export function promptBytes({ messages, tools }: Prompt): number {
  return messages.reduce((sum, message) => sum + messageBytes(message), jsonBytes(tools))
}

/** Bytes of the reasoning of earlier answers, which most templates leave out. */
export function reasoningBytes(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, { reasoning_content: text }) => sum + textBytes(text), 0)
}

/** What marks the beginning and the end of a text that stands by itself, as bytes that make its tokens. */
const markBytesPerInput = 8

/** Bytes of texts that are read one by one, without any template. */
export const inputBytes = (texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + textBytes(text) + markBytesPerInput, 0)

/** An upper bound of their tokens: a byte is a token at the most, and so many marks no tokenizer sets. */
export const inputTokensBound = inputBytes

/** What a template may render: the messages, and whatever other fields it is given. */
type Rendered = {
  readonly messages: readonly ChatMessage[]
  readonly [field: string]: unknown
}

/**
 * An upper bound of the prompt's tokens under any tokenizer that never makes more tokens than bytes:
 * the whole messages as JSON, with tools and schemas, because templates render those too. Images are
 * no text: `imageTokensMax` is what all of them together take at the most.
 */
export function promptTokensBound({ messages, ...others }: Rendered, imageTokensMax = 0): number {
  const json = JSON.stringify([messages.map(withoutImageData), ...Object.values(others)])
  const template = templateBytesPerMessage * (messages.length + 1)
  return Buffer.byteLength(json, 'utf8') + template + imageTokensMax
}

/** The tokens of images cannot be counted: they are billed by the claim, within their bound. */
export function countTokens(
  bytes: { readonly prompt: number; readonly completion: number },
  ratios: ByteRatios,
): TokenCounts {
  return {
    prompt: Math.ceil(bytes.prompt / ratios.prompt.mean),
    // Which part of a prompt a cache served cannot be seen in bytes.
    cached_prompt: 0,
    completion: Math.ceil(bytes.completion / ratios.completion.mean),
  }
}

function withoutImageData(message: ChatMessage): ChatMessage {
  if (!Array.isArray(message.content)) return message
  const content = message.content.map((part) =>
    part.type === 'image_url' ? { ...part, image_url: { ...part.image_url, url: '' } } : part,
  )
  return { ...message, content }
}

function messageBytes(message: ChatMessage): number {
  const { content } = message
  const text =
    typeof content === 'string'
      ? content
      : (content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('')
  return textBytes(text) + jsonBytes(message.tool_calls) + templateBytesPerMessage
}

const textBytes = (text: string | null | undefined): number => Buffer.byteLength(text ?? '', 'utf8')

function jsonBytes(value: unknown): number {
  return value == null ? 0 : Buffer.byteLength(JSON.stringify(value), 'utf8')
}
