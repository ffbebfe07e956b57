import { execFile } from 'node:child_process'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { finish, openHost } from './support/host-process.ts'

let program = ''

beforeAll(async () => {
  // Away from the repository, so that no package beside it can help.
  program = join(await mkdtemp(join(tmpdir(), 'b3iq-bundle-')), 'b3iq-host.mjs')
  await promisify(execFile)(process.execPath, ['scripts/bundle-host.ts', program])
}, 60_000)

describe('the agent in one file', () => {
  it('shows its commands', async () => {
    const { exitCode, out, err } = await finish(['--help'], program)
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(out).toContain('b3iq-host enroll --config FILE')
  })

  it('enrolls, says how it is started with the machine, and runs', async () => {
    const host = await openHost({ program })
    expect(await host.enroll()).toMatchObject({ exitCode: 0, err: '' })
    expect(host.ingest.enrolments).toHaveLength(1)
    expect((await host.tell('service')).out).toContain(program)
    const { child, ready } = await host.run()
    expect(ready.node_id).toMatch(/^n_/)
    while (host.ingest.beats.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGTERM')
  })

  it('imports nothing but what Node has', async () => {
    const text = await readFile(program, 'utf8')
    const imports = [...text.matchAll(/^import [^'"]*from ["']([^"']+)["']/gm)]
    expect(imports.length).toBeGreaterThan(5)
    for (const [, from] of imports) {
      expect(from).toMatch(/^(node:|crypto$|fs$|path$|url$|util$|buffer$)/)
    }
  })
})
