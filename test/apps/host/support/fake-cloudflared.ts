/** A `cloudflared` that is a real process: it starts, serves `/ready`, and behaves as it is told. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'

/** Reads what to do from the file beside it, and writes down how it was started. */
const script = `
const { appendFileSync, readFileSync } = require('node:fs')
const { createServer } = require('node:http')
const beside = (name) => require('node:path').join(__dirname, name)
const behaviour = JSON.parse(readFileSync(beside('behaviour.json'), 'utf8'))
const args = process.argv.slice(2)
const { TUNNEL_TOKEN: token, TUNNEL_URL: url } = process.env
appendFileSync(beside('starts.jsonl'), JSON.stringify({ args, token, url, pid: process.pid }) + '\\n')
console.error('2026-01-01T00:00:00Z ERR failed with token=' + token + ' at the edge')
console.error('2026-01-01T00:00:00Z INF GET /v1/chat/completions of a customer')
if (behaviour.crashes) process.exit(3)
if (behaviour.stubborn) process.on('SIGTERM', () => undefined)
const [host, port] = args[args.indexOf('--metrics') + 1].split(':')
createServer((request, response) => {
  const { ready } = JSON.parse(readFileSync(beside('behaviour.json'), 'utf8'))
  response.writeHead(request.url === '/ready' && ready ? 200 : 503).end()
}).listen(Number(port), host)
`

export type Behaviour = {
  readonly ready: boolean
  readonly crashes?: boolean
  /** Does not end when it is asked to. */
  readonly stubborn?: boolean
}

const Start = z.object({
  args: z.array(z.string()),
  token: z.string(),
  url: z.string(),
  pid: z.int(),
})

export async function makeFakeCloudflared(first: Behaviour) {
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-tunnel-'))
  const program = join(folder, 'cloudflared')
  const behave = (behaviour: Behaviour) =>
    writeFile(join(folder, 'behaviour.json'), JSON.stringify(behaviour))
  await behave(first)
  await writeFile(program, `#!${process.execPath}\n${script}`, { mode: 0o755 })
  return {
    program,
    behave,
    /** How it was started, once per start. */
    starts: async () => {
      const text = await readFile(join(folder, 'starts.jsonl'), 'utf8').catch(() => '')
      const lines = text.split('\n').filter((line) => line !== '')
      return lines.map((line) => Start.parse(JSON.parse(line)))
    },
  }
}
