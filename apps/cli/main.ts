/**
 * The command line of `b3iq`. Exit codes: 0 verified, 1 not verified, 2 could not be judged. It
 * ships to customers, so it knows the wire, receipts and money, and nothing of how the gateway works.
 */
import { join } from 'node:path'
import { verify, verifyUsage } from './commands/verify.ts'
import { printable } from './printable.ts'

const usage = `usage: b3iq <command>

${verifyUsage}`

const readyFile = join(import.meta.dirname, '..', '..', '.local', 'ready.json')

const print = (text: string) => process.stdout.write(`${text}\n`)

function complain(message: string): number {
  process.stderr.write(`b3iq: ${printable(message)}\n`)
  return 2
}

async function main([command, ...args]: readonly string[]): Promise<number> {
  if (command === undefined) return complain('Name a command: "b3iq --help" shows what there is.')
  if (command === 'help' || [command, ...args].some((arg) => arg === '--help' || arg === '-h')) {
    print(usage)
    return 0
  }
  if (command !== 'verify') {
    return complain(`There is no command "${command}": "b3iq --help" shows what there is.`)
  }
  const outcome = await verify(args, readyFile)
  if (!outcome.ok) return complain(outcome.message)
  print(outcome.value.text)
  return outcome.value.isVerified ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
