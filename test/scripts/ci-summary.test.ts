// The one line that a build server reads must count every test and every stage, and never hide a
// failure behind a missing report.
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pinnedNode, root, run } from '../apps/cli/support/run-cli.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'b3iq-ci-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function write(name: string, content: string): Promise<string> {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
  return path
}

/** `suites` are the statuses of each test file's tests; a file without any could not be loaded. */
function reportOf(suites: readonly (readonly string[])[]): string {
  const all = suites.flat()
  const count = (status: string) => all.filter((one) => one === status).length
  return JSON.stringify({
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests: count('skipped'),
    numTodoTests: count('todo'),
    testResults: suites.map((statuses) => ({
      status: statuses.includes('failed') || statuses.length === 0 ? 'failed' : 'passed',
      assertionResults: statuses.map((status) => ({ status })),
    })),
  })
}

async function summaryOf(stages: readonly (readonly string[])[], report: string | undefined) {
  const stagesFile = await write(
    'stages.tsv',
    `${stages.map((one) => one.join('\t')).join('\n')}\n`,
  )
  await rm(join(folder, 'reports'), { recursive: true, force: true })
  if (report !== undefined) await write('reports/test.json', report)
  const summary = join(root, 'scripts', 'ci-summary.mjs')
  const { code, out } = await run([pinnedNode, summary, stagesFile, join(folder, 'reports')])
  return { code, lastLine: out.trimEnd().split('\n').at(-1) }
}

const install = ['install', '0', '40']
const synth = ['synth', '0', '20']

describe('the summary', () => {
  it.each<[string, string[][], string | undefined, number, string]>([
    [
      'counts the tests of the report and every other stage as one',
      [install, ['test', '0', '60'], synth],
      reportOf([
        ['passed', 'passed'],
        ['passed', 'skipped', 'todo'],
      ]),
      0,
      '5 passed, 0 failed, 2 skipped',
    ],
    [
      'counts failed tests, not their stage as well',
      [install, ['test', '1', '60']],
      reportOf([['passed', 'failed']]),
      1,
      '2 passed, 1 failed, 0 skipped',
    ],
    [
      'counts a test file that could not be loaded',
      [['test', '1', '60']],
      reportOf([['passed'], []]),
      1,
      '1 passed, 1 failed, 0 skipped',
    ],
    [
      'counts a run that failed outside of its tests',
      [['test', '1', '60']],
      reportOf([['passed']]),
      1,
      '1 passed, 1 failed, 0 skipped',
    ],
    [
      'counts tests without a report as failed',
      [['test', '0', '60']],
      undefined,
      1,
      '0 passed, 1 failed, 0 skipped',
    ],
    [
      'counts tests with half a report as failed',
      [['test', '0', '60']],
      '{"num',
      1,
      '0 passed, 1 failed, 0 skipped',
    ],
    [
      'counts a stage that ran out of time',
      [install, ['synth', '124', '600']],
      undefined,
      1,
      '1 passed, 1 failed, 0 skipped',
    ],
  ])('%s', async (_, stages, report, code, lastLine) => {
    expect(await summaryOf(stages, report)).toEqual({ code, lastLine })
  })
})

describe('.ci/run', () => {
  it('goes on after a stage that fails and counts the tests of each test stage', async () => {
    const clone = join(folder, 'clone')
    for (const path of ['.ci/run', 'scripts/ci-summary.mjs']) {
      await cp(join(root, path), join(clone, path))
    }
    const writes = (report: string) => `node -p '${JSON.stringify(report)}' > $TEST_REPORT`
    const scripts = {
      check: 'exit 3',
      test: writes(reportOf([['passed', 'passed', 'skipped']])),
      'test:deep': writes(reportOf([['passed']])),
      sim: 'exit 0',
      'sim:bugs': 'exit 1',
      synth: 'exit 0',
      'test:interop': writes(reportOf([['skipped']])),
    }
    await write('clone/package.json', JSON.stringify({ scripts }))
    await write('clone/scripts/install.mjs', '')
    await write('clone/scripts/dynamodb-local.mjs', '')
    await write('clone/scripts/python-env.mjs', '')
    const { code, out } = await run([join(clone, '.ci', 'run')])
    expect(out).toMatch(/^== check: exit 3, \d+ s$/m)
    expect(out.trimEnd().split('\n').at(-1)).toBe('6 passed, 2 failed, 2 skipped')
    expect(code).toBe(1)
  })
})
