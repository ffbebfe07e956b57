// The config that the agent's page shows is one that the agent takes.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../../apps/host/config.ts'

const page = new URL('../../../docs/host-agent.md', import.meta.url)

test('the example of docs/host-agent.md is valid', async () => {
  const example = /```jsonc\n([\s\S]*?)```/.exec(await readFile(page, 'utf8'))?.[1] ?? ''
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-docs-'))
  try {
    await writeFile(join(folder, 'host.json'), example)
    expect(await readConfig(join(folder, 'host.json'))).toMatchObject({ mode: 'network' })
  } finally {
    await rm(folder, { recursive: true })
  }
})
