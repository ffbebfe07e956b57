/** `npm start`: the whole product on this machine. */
import { messageOf, StatedError } from '../host/stated-error.ts'
import { readOptions, usage } from './options.ts'
import { type Ready, startStack } from './stack.ts'

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args)
  if (options.help) return console.log(usage)
  const startedAtMs = Date.now()
  const interrupted = new Promise<void>((resolve) => {
    // Also a terminal that is closed: the children are in groups of their own and would stay.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => resolve())
  })
  const stack = await startStack(options, (line) => console.log(`  ${line}`))
  console.log(examples(stack.ready, Math.round((Date.now() - startedAtMs) / 1000)))
  await interrupted
  console.log('\nStopping: running requests may end, then everything closes.')
  await stack.stop()
}

function examples({ gatewayUrl, keyFile, model }: Ready, tookSec: number): string {
  return `
Ready in ${tookSec} s. The key is in ${keyFile}; Ctrl-C stops everything. Paste either:

curl -N ${gatewayUrl}/v1/chat/completions \\
  -H "Authorization: Bearer $(cat ${keyFile})" -H "Content-Type: application/json" \\
  -d '{"model":"${model}","stream":true,"max_tokens":48,"messages":[{"role":"user","content":"Tell me a story."}]}'

npx --no-install node --input-type=module -e '
import OpenAI from "openai"
import { readFileSync } from "node:fs"
const apiKey = readFileSync("${keyFile}", "utf8").trim()
const client = new OpenAI({ baseURL: "${gatewayUrl}/v1", apiKey })
const stream = await client.chat.completions.create({ model: "${model}", stream: true, max_tokens: 48,
  messages: [{ role: "user", content: "Tell me a story." }] })
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? "")
'
`
}

function fail(error: unknown, isDebug: boolean): void {
  const isStated = error instanceof StatedError
  console.error(isStated ? error.message : `The stack failed: ${messageOf(error)}`)
  if (isDebug && error instanceof Error) console.error(error.stack)
  process.exitCode = 1
}

const args = process.argv.slice(2)
const isDebug = args.includes('--debug')
await main(args).catch((error: unknown) => fail(error, isDebug))
// Kept-alive connections would hold the process for seconds.
process.exit()
