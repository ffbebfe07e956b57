import { describe, expect, it } from 'vitest'
import { serviceFor } from '../../../../apps/host/services/service.ts'

const facts = {
  command: [
    '/opt/node 24/bin/node',
    '/opt/b3iq/b3iq-host.mjs',
    'run',
    '--config',
    '/home/a&b/50% $HOME "x"/host.json',
  ],
  folder: '/home/a&b/50% $HOME "x"',
}

/** Names and texts of the elements of an XML text, in order; throws where it is not well-formed. */
function elementsOf(xml: string): string[] {
  const open: string[] = []
  const seen: string[] = []
  const parts = /<\?[^>]*\?>|<!DOCTYPE[^>]*>|<!--[\s\S]*?-->|<(\/?)([a-z]+)[^>]*?(\/?)>|([^<]+)/g
  let end = 0
  for (const part of xml.matchAll(parts)) {
    if (part.index !== end) throw new Error(`no XML at ${end}`)
    end = part.index + part[0].length
    const [, closes, name = '', isEmpty, text] = part
    if (text?.trim()) {
      if (/&(?!amp;|lt;|gt;|quot;)/.test(text)) throw new Error(`a bare & in ${text}`)
      seen.push(text.trim())
    } else if (closes) {
      if (open.pop() !== name) throw new Error(`${name} is closed and was not open`)
    } else if (name && !isEmpty) open.push(name)
    else if (name) seen.push(`<${name}>`)
  }
  if (open.length > 0 || end !== xml.length) throw new Error(`${open.join()} is not closed`)
  return seen
}

describe('the unit for systemd', () => {
  const unit = serviceFor('linux', facts)
  const settingOf = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1]

  it('starts the agent with what it needs, again after each end, and gives it time to drain', () => {
    expect(unit.split('\n').filter((line) => line.startsWith('['))).toEqual([
      '[Unit]',
      '[Service]',
      '[Install]',
    ])
    expect(settingOf('Restart')).toBe('always')
    expect(Number(settingOf('TimeoutStopSec'))).toBeGreaterThanOrEqual(20)
    expect(settingOf('StartLimitIntervalSec')).toBe('0')
    expect(settingOf('UMask')).toBe('0077')
    expect(settingOf('WantedBy')).toBe('default.target')
  })

  it('writes every word so that systemd reads it as it is', () => {
    expect(settingOf('ExecStart')).toBe(
      '"/opt/node 24/bin/node" "/opt/b3iq/b3iq-host.mjs" "run" "--config" ' +
        '"/home/a&b/50%% $$HOME \\"x\\"/host.json"',
    )
    expect(settingOf('WorkingDirectory')).toBe('/home/a&b/50%% $HOME "x"')
  })
})

describe('the plist for launchd', () => {
  const elements = elementsOf(serviceFor('darwin', facts))

  it('is XML that starts the agent at login and keeps it alive', () => {
    const at = (key: string) => elements[elements.indexOf(key) + 1]
    expect(at('Label')).toBe('io.b3iq.host')
    expect(at('RunAtLoad')).toBe('<true>')
    expect(at('KeepAlive')).toBe('<true>')
    expect(Number(at('ExitTimeOut'))).toBeGreaterThanOrEqual(20)
  })

  it('names program and arguments, escaped', () => {
    const from = elements.indexOf('ProgramArguments') + 1
    expect(elements.slice(from, from + 5)).toEqual([
      ...facts.command.slice(0, 4),
      '/home/a&amp;b/50% $HOME &quot;x&quot;/host.json',
    ])
  })
})

describe('the recipe for Windows', () => {
  it('registers a task that restarts and never times out, with its words quoted', () => {
    const recipe = serviceFor('win32', {
      command: [
        'C:\\Node\\node.exe',
        'C:\\b3iq\\b3iq-host.mjs',
        'run',
        '--config',
        "C:\\it's\\h.json",
      ],
      folder: "C:\\it's",
    })
    expect(recipe).toContain("-Execute 'C:\\Node\\node.exe'")
    expect(recipe).toContain(
      `-Argument '"C:\\b3iq\\b3iq-host.mjs" "run" "--config" "C:\\it''s\\h.json"'`,
    )
    expect(recipe).toMatch(/-RestartCount \d+/)
    expect(recipe).toContain('-ExecutionTimeLimit ([TimeSpan]::Zero)')
  })
})

it.each(['linux', 'darwin', 'win32'] as const)('nothing for %s carries a secret', (platform) => {
  expect(serviceFor(platform, facts)).not.toMatch(/token|password|secret|b3iq-join-|Environment=/i)
})
