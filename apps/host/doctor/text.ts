/** The findings as people read them: one line each, its mark first. */
import { textTable } from '../text-table.ts'
import type { Checked } from './check.ts'

const marks: Readonly<Record<Checked['verdict'], string>> = {
  ok: '✓',
  warning: '!',
  blocked: '✗',
  skipped: '-',
}

export function doctorText(checks: readonly Checked[]): string {
  const rows = checks.map((one) => {
    const todo = 'todo' in one && one.todo !== '' ? ` ${one.todo}` : ''
    return [marks[one.verdict], one.name, `${one.found}${todo}`]
  })
  const blocking = checks.filter(({ verdict }) => verdict === 'blocked').length
  return [...textTable(['', 'CHECK', 'FOUND, AND WHAT TO DO'], rows), '', summaryOf(blocking)].join(
    '\n',
  )
}

function summaryOf(blocking: number): string {
  if (blocking === 0) return 'Nothing blocks this node.'
  return blocking === 1
    ? 'One finding (✗) blocks this node.'
    : `${blocking} findings (✗) block this node.`
}
