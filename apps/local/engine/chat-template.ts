// How a conversation becomes one text for the demo model. The model file carries the template in
// Jinja, as GGUF readers expect; rendering it here as well spares the engine a Jinja interpreter.

export type ChatMessage = { readonly role: string; readonly text: string }

export const chatTemplate = [
  "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}",
  "{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}",
].join('')

/** The text that `chatTemplate` gives for these messages with `add_generation_prompt` set. */
export const renderChat = (messages: readonly ChatMessage[]): string =>
  `${messages.map(({ role, text }) => `${role}: ${text}\n`).join('')}assistant:`
