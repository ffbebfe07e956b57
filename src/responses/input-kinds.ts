/**
 * What an item or a part of the input is. Those that no schema knows have a type and nothing else, so
 * that the type alone does not tell them from the known ones.
 */
import type {
  FunctionTool,
  ImagePart,
  InputItem,
  InputPart,
  ReasoningInput,
  ResponsesRequest,
} from '../protocol/responses-request.ts'

export type MessageItem = Extract<InputItem, { role: string }>

/** An item as one of the kinds that are known; undefined for any other. */
export type KnownItem =
  | { readonly kind: 'message'; readonly message: MessageItem }
  | { readonly kind: 'call'; readonly call: Extract<InputItem, { arguments: string }> }
  | { readonly kind: 'output'; readonly result: Extract<InputItem, { output: unknown }> }
  | { readonly kind: 'reasoning'; readonly reasoning: ReasoningInput }

export function knownItem(item: InputItem): KnownItem | undefined {
  if ('role' in item) return { kind: 'message', message: item }
  if ('arguments' in item) return { kind: 'call', call: item }
  if ('output' in item) return { kind: 'output', result: item }
  return isReasoning(item) ? { kind: 'reasoning', reasoning: item } : undefined
}

const isReasoning = (item: InputItem): item is ReasoningInput => item.type === 'reasoning'

export const isImage = (part: InputPart): part is ImagePart => part.type === 'input_image'

/** The text of a part, or of what refuses in its place; undefined where a part has none. */
export function textOfPart(part: InputPart): string | undefined {
  if ('text' in part) return part.text
  return 'refusal' in part ? part.refusal : undefined
}

type AnyTool = NonNullable<ResponsesRequest['tools']>[number]

export const isFunction = (tool: AnyTool): tool is FunctionTool => 'name' in tool
