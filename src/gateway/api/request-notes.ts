/** What the fields of requests are for, as the document tells it. */
import { CompletionRequest } from '../../protocol/completion-request.ts'
import { EmbeddingRequest } from '../../protocol/embedding-request.ts'
import { ImageRequest } from '../../protocol/image-request.ts'
import { ModerationRequest } from '../../protocol/moderation-request.ts'
import { ResponsesRequest } from '../../protocol/responses-request.ts'

type Notes = Readonly<Record<string, string>>

const providerNote =
  'Who may be asked: highest prices in USD per million tokens, trust and route tiers, regions, profiles or nodes, what to sort by.'
const affinity = 'Requests with the same value go to the same host while that serves well.'
const unforwarded = 'Checked, and shown to no host.'

const chatRequestNotes: Notes = {
  model: 'Id of a model on sale: `GET /v1/models`.',
  messages: 'Texts, images as data URIs (no host fetches a URL), tool calls and their results.',
  stream: 'Answer as server-sent events.',
  stream_options: '`include_usage` puts the usage on a chunk of its own before `[DONE]`.',
  max_tokens:
    'Most tokens of the answer, reasoning included; they are held. Without it 4,096 or what the model and the balance allow.',
  max_completion_tokens: 'The same; it goes before `max_tokens`.',
  n: 'Answers to make. Each multiplies the hold.',
  temperature: 'Randomness of the choice of tokens.',
  top_p: 'Choose among the most likely tokens that together have this probability.',
  top_k: 'Choose among so many of the most likely tokens; 0 and -1 mean any.',
  min_p: 'Leave out tokens below this part of the most likely one.',
  presence_penalty: 'Against tokens that stood before at all.',
  frequency_penalty: 'Against tokens by how often they stood before.',
  repetition_penalty: 'A factor against tokens that stood before.',
  logit_bias: 'Added to the logits of tokens, by their ids.',
  seed: 'Asks for the same choices again; no host promises them.',
  stop: 'Texts at which the answer ends, themselves left out.',
  min_tokens: 'Fewest tokens of the answer.',
  logprobs: 'Show log-probabilities of the tokens of the answer.',
  top_logprobs: 'With `logprobs`: so many likely alternatives for each token.',
  response_format: 'Free text, any JSON, or JSON by a schema.',
  tools: 'Functions that the answer may call. Hosted tools are refused.',
  tool_choice: 'Whether and which function must be called.',
  parallel_tool_calls: 'Whether one answer may call several functions.',
  reasoning_effort: 'How much the model reasons, where it can.',
  chat_template_kwargs: 'Switches of the chat template of some models.',
  user: unforwarded,
  safety_identifier: unforwarded,
  metadata: `${unforwarded} Up to 16 pairs.`,
  session_id: affinity,
  prompt_cache_key: affinity,
  provider: providerNote,
}

/** Fields that mean what they mean in a chat. */
const asInChats = ({ shape }: { readonly shape: object }): Notes =>
  Object.fromEntries(
    Object.entries(chatRequestNotes).filter(([name]) => Object.hasOwn(shape, name)),
  )

const completionRequestNotes: Notes = {
  ...asInChats(CompletionRequest),
  prompt: 'The text to go on with, as it stands: one text, and no token ids.',
  echo: 'Put the prompt before the answer. It costs nothing more, and not with `logprobs`.',
  suffix: 'Refused: runtimes differ in what they make of it.',
  best_of: 'Refused unless it equals `n`.',
  logprobs: 'So many likely alternatives for each token; 0 shows the chosen ones alone.',
}

const stored = 'Refused: nothing is stored that it could name.'
const unheeded = 'Accepted, and without effect.'

const responsesRequestNotes: Notes = {
  ...asInChats(ResponsesRequest),
  input: 'A text, or messages, calls, their results and reasoning, in their order.',
  instructions: 'A message of the developer before all others.',
  stream_options: unheeded,
  tools: 'Functions. Hosted tools are refused by their type.',
  tool_choice: 'Whether and which function must be called.',
  max_tool_calls: 'Refused beside tools: no runtime counts its calls.',
  text: 'Free text, any JSON, or JSON by a schema.',
  reasoning: '`effort`, where the model can.',
  include: '`message.output_text.logprobs` shows log-probabilities.',
  max_output_tokens: 'As `max_tokens` of a chat.',
  prompt_cache_options: unheeded,
  prompt_cache_retention: unheeded,
  store: 'Nothing is stored, whatever it says.',
  service_tier: unheeded,
  truncation: '`disabled`; `auto` is refused.',
  background: '`true` is refused.',
  previous_response_id: stored,
  conversation: stored,
  prompt: stored,
  context_management: 'Refused unless it is empty: no host compacts.',
  moderation: 'Refused: no host moderates a chat. `POST /v1/moderations` is for texts.',
}

const texts = 'One text, or several, which are answered in their order.'

const embeddingRequestNotes: Notes = {
  ...asInChats(EmbeddingRequest),
  input: texts,
  encoding_format: 'Numbers, or base64 of 32-bit floats.',
}

const moderationRequestNotes: Notes = {
  ...asInChats(ModerationRequest),
  input: texts,
}

const imageRequestNotes: Notes = {
  ...asInChats(ImageRequest),
  prompt: 'What the image shows.',
  n: 'Images to make. Each multiplies the hold.',
  size: 'Width and height as in `1024x1024`, or `auto`.',
  quality: 'As the runtime understands it.',
  style: 'As the runtime understands it.',
  response_format: '`b64_json`; `url` is refused.',
}

/** By the name that the document gives the schema. */
export const requestNotes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ChatRequest: chatRequestNotes,
  CompletionRequest: completionRequestNotes,
  ResponsesRequest: responsesRequestNotes,
  EmbeddingRequest: embeddingRequestNotes,
  ModerationRequest: moderationRequestNotes,
  ImageRequest: imageRequestNotes,
}
