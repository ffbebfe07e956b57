// What the shells offer, asked of the shells themselves where they are installed.
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Desk, makeDesk } from './support/in-process.ts'

let desk: Desk
const scripts: Record<string, string> = {}
beforeAll(async () => {
  desk = await makeDesk()
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, out } = await desk.run('completion', shell)
    if (code !== 0) throw new Error(`${shell} has no completion`)
    scripts[shell] = await desk.write(`b3iq.${shell}`, out)
  }
})
afterAll(() => desk.clear())

const isThere = (shell: string) => spawnSync(shell, ['--version']).status === 0
const ask = (shell: string, script: string) => {
  const { status, stdout, stderr } = spawnSync(shell, ['-c', script], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout.trim().split(/\s+/)
}

const offered: readonly [typed: string, some: readonly string[], none: readonly string[]][] = [
  ['b3iq ', ['accounts', 'chat', 'top-up'], ['create']],
  ['b3iq k', ['key', 'keys'], ['accounts']],
  ['b3iq keys ', ['create', 'rotate'], ['suspend']],
  ['b3iq --json nodes p', ['pause'], ['approve']],
  ['b3iq keys create acct --spend-', ['--spend-per-day', '--spend-per-month'], ['--rpm']],
  ['b3iq accounts list --operator-', ['--operator-key-file'], ['--gateway']],
]

describe.skipIf(!isThere('bash'))('bash', () => {
  it.each(offered)('offers after "%s" %j', (typed, some, none) => {
    const words = typed.split(' ')
    const list = words.map((word) => `'${word}'`).join(' ')
    const script = `source '${scripts.bash}'; COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _b3iq; printf '%s\\n' "\${COMPREPLY[@]}"`
    const words2 = ask('bash', script)
    expect(words2).toEqual(expect.arrayContaining([...some]))
    for (const one of none) expect(words2).not.toContain(one)
  })
})

describe.skipIf(!isThere('fish'))('fish', () => {
  it.each(offered)('offers after "%s" %j', (typed, some, none) => {
    const script = `source '${scripts.fish}'; complete -C '${typed}' | string split -f1 \\t`
    const words = ask('fish', script)
    expect(words).toEqual(expect.arrayContaining([...some]))
    for (const one of none) expect(words).not.toContain(one)
  })
})

describe.skipIf(!isThere('zsh'))('zsh', () => {
  it.each(offered)('offers after "%s" %j', (typed, some, none) => {
    const words = typed.split(' ')
    const list = words.map((word) => `'${word}'`).join(' ')
    // Stands in for zsh's own, which needs a line editor: it shows what would be offered.
    const stub = `compdef() {}; _describe() { print -l -- "\${(@)\${(P)2}%%:*}" "\${(@)\${(P)4}%%:*}" }`
    const script = `${stub}; source '${scripts.zsh}'; words=(${list}); CURRENT=${words.length}; _b3iq`
    const all = ask('zsh', script)
    const start = words.at(-1) ?? ''
    const offers = all.filter((word) => word.startsWith(start))
    expect(offers).toEqual(expect.arrayContaining([...some]))
    for (const one of none) expect(offers).not.toContain(one)
  })
})
