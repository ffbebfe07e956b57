/**
 * Log lines as CloudWatch and Lambda read them: one JSON object each, its level where Lambda looks for it, so
 * that a function's log level holds. They go past the runtime's console, which would put them into a string.
 */
import { envKey } from '../names.ts'

type Level = 'info' | 'warn' | 'error'

/** Of an invocation, what lines tell of it. */
export type LambdaContext = { readonly awsRequestId: string }

export type DeployedLogger = {
  readonly write: (level: Level, event: string, fields: Readonly<Record<string, unknown>>) => void
  /** From then on, lines tell of which invocation they are. */
  readonly addContext: (context: LambdaContext) => void
}

/** Lambda's names, from the quietest function to the one that tells most. */
const levels = ['FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE']

export function makeLogger(stage: string): DeployedLogger {
  const { [envKey.service]: service, AWS_LAMBDA_LOG_LEVEL: level = 'INFO' } = process.env
  const loudest = levels.indexOf(level)
  let invocation: { readonly coldStart: boolean; readonly lambdaRequestId: string } | undefined
  return {
    write: (of, event, fields) => {
      if (levels.indexOf(of.toUpperCase()) > loudest) return
      const own = { level: of.toUpperCase(), timestamp: new Date().toISOString(), stage, service }
      const line = JSON.stringify({ event, ...fields, ...own, ...invocation }, inJson)
      const stream = of === 'info' ? process.stdout : process.stderr
      stream.write(`${line}\n`)
    },
    addContext: ({ awsRequestId }) => {
      invocation = { coldStart: invocation === undefined, lambdaRequestId: awsRequestId }
    },
  }
}

const inJson = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value
