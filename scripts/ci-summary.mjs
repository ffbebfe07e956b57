// Counts one run of `.ci/run`: the tests of each test stage's report, and every other stage as one. Plain JavaScript, so
// that it counts even where the installation failed. Its last line stands alone, for machines.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [stagesFile, reportsFolder] = process.argv.slice(2)
if (!stagesFile || !reportsFolder) {
  console.error('usage: node scripts/ci-summary.mjs STAGES.tsv REPORTS_FOLDER')
  process.exit(2)
}

const stages = readFileSync(stagesFile, 'utf8')
  .trim()
  .split('\n')
  .map((line) => {
    const [name, status, seconds] = line.split('\t')
    return { name, status, seconds: Number(seconds) }
  })

const counts = stages.map(countsOf)
for (const [index, { name, seconds }] of stages.entries()) {
  console.log(`${name.padEnd(28)}${`${seconds} s`.padStart(7)}  ${sentence(counts[index])}`)
}
const total = counts.reduce(add, { passed: 0, failed: 0, skipped: 0 })
console.log(`\n${sentence(total)}`)
process.exitCode = total.failed > 0 ? 1 : 0

function countsOf({ name, status }) {
  const hasPassed = status === '0'
  const own = { passed: hasPassed ? 1 : 0, failed: hasPassed ? 0 : 1, skipped: 0 }
  if (!name.startsWith('test')) return own
  const tests = testCounts(join(reportsFolder, `${name}.json`))
  // A run that ends badly without a failed test, or without a report, has failed all the same.
  if (!tests) return { passed: 0, failed: 1, skipped: 0 }
  return { ...tests, failed: tests.failed === 0 ? own.failed : tests.failed }
}

/** Undefined where there is no whole report. A file that could not be loaded has no tests to fail. */
function testCounts(reportFile) {
  if (!existsSync(reportFile)) return undefined
  try {
    const report = JSON.parse(readFileSync(reportFile, 'utf8'))
    const unloaded = report.testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && !assertionResults.some((one) => one.status === 'failed'),
    )
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + unloaded.length,
      skipped: report.numPendingTests + report.numTodoTests,
    }
  } catch {
    return undefined
  }
}

function add(one, other) {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  }
}

function sentence({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}
