// How a conversation becomes one text for the demo model. The model file carries the template in
// Jinja, as GGUF readers expect; rendering it here as well spares the engine a Jinja interpreter.
//
// A mark is one token and joins with nothing beside it, so that a message is the tokens of its text
// and two more, whoever counts them.

export type ChatMessage = { readonly role: string; readonly text: string }

export const chatRoles = ['system', 'developer', 'user', 'assistant', 'tool'] as const
export type ChatRole = (typeof chatRoles)[number]

export const roleMark = (role: string): string => `[${role}]`

/** The tokens that the template adds: a mark and a line end for each message … */
export const templateTokensPerMessage = 2
/** … and once the beginning of the sequence and the mark of the reply. */
export const templateTokens = 2

export const chatTemplate = [
  "{% for tool in tools or [] %}{{ tool | tojson(separators=(',', ':')) }}{% endfor %}",
  "{% for message in messages %}{{ '[' + message['role'] + ']' + (message['content'] or '') }}",
  "{{ '\\n' }}{% for call in message['tool_calls'] or [] %}{{ '[assistant]{\"name\": \"' }}",
  "{{ call['function']['name'] + '\", \"arguments\": ' + call['function']['arguments'] + '}\\n' }}",
  "{% endfor %}{% endfor %}{% if add_generation_prompt %}{{ '[assistant]' }}{% endif %}",
].join('')

/** A call of a tool as the model writes it, and reads it again in a later turn. */
export const callText = (name: string, args: string): string =>
  `{"name": "${name}", "arguments": ${args}}`

/**
 * The text that `chatTemplate` gives for these messages with `add_generation_prompt` set. Each call of
 * a tool is a message of its own, its text that of `callText`.
 */
export const renderChat = (
  messages: readonly ChatMessage[],
  tools: readonly unknown[] = [],
): string =>
  [
    ...tools.map((tool) => JSON.stringify(tool)),
    ...messages.map(({ role, text }) => `${roleMark(role)}${text}\n`),
    roleMark('assistant'),
  ].join('')
