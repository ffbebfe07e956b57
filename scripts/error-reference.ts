/** Renders `docs/errors.md` from the error table: `npm run errors` writes it anew. */
import { writeFileSync } from 'node:fs'
import { errorTable } from '../src/protocol/errors.ts'

export const errorReferenceFile = new URL('../docs/errors.md', import.meta.url)

export function errorReference(): string {
  const rows = Object.entries(errorTable)
    .sort(([, one], [, other]) => one.status - other.status)
    .map(([code, { status, type, retryable, message }]) => {
      const retry = retryable ? 'yes' : 'no'
      return `| ${status} | \`${code}\` | \`${type}\` | ${retry} | ${message} |`
    })
  return `# Errors

<!-- Written by \`npm run errors\` from src/protocol/errors.ts; do not edit. -->

Every refusal is JSON: \`{"error":{"message","type","param","code","request_id","retryable",…}}\`. \`code\` is
stable, \`type\` is OpenAI's. \`x-should-retry\` says the same as the column *retry*, and the OpenAI SDKs
obey it; \`Retry-After\` (60 s at most) is there wherever waiting helps. A 429 also names its limit in
\`X-B3IQ-Limit-Kind\` and \`kind\`.

After the first content of a stream an error comes as one chunk with \`finish_reason: "error"\` and the
same \`error\` object, and the stream ends without \`[DONE]\`. What was delivered until then is billed;
its receipt is named in the chunk's \`b3iq\` object.

| status | code | type | retry | message |
|---|---|---|---|---|
${rows.join('\n')}

## Replies that are not ours

The platform answers some requests before the application sees them:

| who | status | when |
|---|---|---|
| Lambda function URL | 413 | the body is larger than 6 MB |
| Lambda function URL | 429 | the account or the function has no concurrency left |
| Lambda function URL | 502 | the function ended without an answer |
| Lambda function URL | 504 | the function's time limit passed; the hold is released by the sweeper |
`
}

if (import.meta.main) writeFileSync(errorReferenceFile, errorReference())
