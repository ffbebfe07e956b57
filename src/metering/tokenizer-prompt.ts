/** A prompt as its texts: what a chat template renders, but for the marks, which are counted by number. */
import type { ChatMessage } from '../protocol/chat-request.ts'

export type PromptTexts = {
  readonly texts: readonly string[]
  /** Messages and tool calls, each of which a template marks off. */
  readonly marked: number
  /** No template is put around them. */
  readonly isRaw?: boolean | undefined
}

/** What models write around the name and the arguments of a call, and no runtime passes on. */
export const toolCallFrame = '{"name": "", "arguments": }'

export function promptTexts({
  messages,
  tools,
  rendersReasoning,
}: {
  readonly messages: readonly ChatMessage[]
  readonly tools?: readonly unknown[] | null | undefined
  /** Most templates leave the reasoning of earlier answers out: no host has read it then. */
  readonly rendersReasoning: boolean
}): PromptTexts {
  const calls = messages.flatMap(({ tool_calls }) => tool_calls ?? [])
  const reasoning = messages.map(({ reasoning_content }) => reasoning_content ?? '')
  return {
    texts: [
      ...messages.map(textOf),
      ...(rendersReasoning ? reasoning : []),
      ...calls.map(({ function: called }) => `${toolCallFrame}${called.name}${called.arguments}`),
      ...(tools ?? []).map((tool) => JSON.stringify(tool)),
    ],
    marked: messages.length + calls.length,
  }
}

function textOf({ content }: ChatMessage): string {
  if (typeof content === 'string') return content
  return (content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('')
}
