/** Renders `docs/fields.md` from the field table: `node scripts/field-reference.ts` writes it anew. */
import { writeFileSync } from 'node:fs'
import { type Field, fieldTable, imagesReadBy } from '../src/dispatch/field-table.ts'
import { sharedFields, textFields } from '../src/dispatch/text-body.ts'
import { type DocumentFields, documentFields } from '../src/gateway/document-parameters.ts'
import { RuntimeKind } from '../src/protocol/claim.ts'
import { limits } from '../src/protocol/limits.ts'

export const fieldReferenceFile = new URL('../docs/fields.md', import.meta.url)

const kinds = RuntimeKind.options

export function fieldReference(): string {
  const taken = [...fieldTable].filter(([, { takenBy }]) => takenBy.length > 0)
  const kept = [...fieldTable].filter(
    ([, { effect, takenBy }]) => takenBy.length === 0 && effect !== 'refused',
  )
  const refused = [...fieldTable].filter(([, { effect }]) => effect === 'refused')
  return `# Fields of a chat request

<!-- Written by scripts/field-reference.ts from src/dispatch/field-table.ts; do not edit. -->

What of a request reaches which runtime, and what it does to the hold. A field that is not listed here
reaches no host. Every field is checked first: a value out of its bounds is answered with 400
\`invalid_value\` that names it in \`param\`.

A field that the chosen host's runtime does not take is left out. With \`provider.require_parameters: true\`
only hosts are asked that are given every field; where no runtime of the model takes them all, the answer is
400 \`unsupported_parameter\` with the field in \`param\`. \`n\` above 1 and images are never left out: they go to
hosts that serve them, or nowhere.

## What hosts are sent

*Effect on the hold*: \`none\`; \`prompt\`: its bytes are in the prompt's bound; \`choices\`: the window is held so
many times. What a runtime takes is read from its documentation; tools, JSON schemas, log-probabilities and
images go besides only to hosts that were *measured* to serve them.

| field | effect | ${kinds.join(' | ')} | |
|---|---|${kinds.map(() => '---|').join('')}---|
${taken.map(([name, field]) => takenRow(name, field)).join('\n')}

## What stays here

| field | effect | |
|---|---|---|
${kept.map(([name, { effect, note }]) => `| \`${name}\` | ${effect} | ${note} |`).join('\n')}

The window is the client's number as it stands, or 400 where it is above the model's limit
(\`invalid_value\`) or does not fit beside the least that the prompt can be (\`context_length_exceeded\`). It is never
lowered, by a short balance neither: that is 402 with \`affordable_max_tokens\`. Without a number it is
${limits.defaultMaxTokens.toLocaleString('en-US')} tokens, less where the model's output limit, its context or the balance is smaller, and at least
${limits.minAffordableTokens} or 402. The host is sent exactly the window that is held.

## What is refused

With 400 \`unsupported_parameter\`, because it could break the bound of the hold or change what an answer is. So
are tools that a provider hosts (any \`type\` but \`function\`) and messages of the role \`function\`.

| field | instead |
|---|---|
${refused.map(([name, { note }]) => `| \`${name}\` | ${note} |`).join('\n')}

## Images

Data URIs in base64 alone: no host fetches a URL for a stranger. At most ${limits.imagesPerRequest} in a request, each of at most
${limits.imageBytes / 1024 / 1024} MiB decoded and ${limits.imagePixels} pixels a side, read from its own header; what the URI says must be what the bytes are. The
request body of ${limits.requestBodyBytes / 1024 / 1024} MiB bounds them all together. An image goes to builds whose manifest says
\`image_tokens_max\`, on hosts that named the colour of a picture drawn for the purpose.

| | ${kinds.join(' | ')} |
|---|${kinds.map(() => '---|').join('')}
| read | ${kinds.map((kind) => imagesReadBy[kind].join(', ')).join(' | ')} |

An image holds \`image_tokens_max\` prompt tokens; its base64 holds none. No count of ours covers it, so the host's
claim is billed, up to our count of the text and \`image_tokens_max\` for each image.

## Plain completions

\`POST /v1/completions\` takes from the chat's fields ${sharedFields.map((name) => `\`${name}\``).join(', ')},
each as above, what stays here, and its own:

| field | |
|---|---|
${Object.entries(textFields)
  .map(([name, note]) => `| \`${name}\` | ${note} |`)
  .join('\n')}

## Requests whose answer is one document

Hosts of every kind are sent the same. \`model\`, \`provider\` and \`user\` stay here; what is not listed reaches nobody, and
is refused under \`provider.require_parameters\`.

| endpoint | sent | refused |
|---|---|---|
${Object.entries(documentFields).map(documentRow).join('\n')}
`
}

function documentRow([path, { subject, sent, refused }]: [string, DocumentFields]): string {
  const names = [subject, ...sent].map((name) => `\`${name}\``).join(', ')
  const notes = Object.entries(refused).map(([name, note]) => `\`${name}\`: ${note}`)
  return `| \`${path}\` | ${names} | ${notes.join(' ')} |`
}

function takenRow(name: string, { effect, takenBy, note, sentAs }: Field): string {
  const cells = kinds.map((kind) => {
    if (!takenBy.includes(kind)) return ''
    return sentAs?.[kind] === undefined ? 'yes' : `\`${sentAs[kind]}\``
  })
  return `| \`${name}\` | ${effect} | ${cells.join(' | ')} | ${note} |`
}

if (import.meta.main) writeFileSync(fieldReferenceFile, fieldReference())
