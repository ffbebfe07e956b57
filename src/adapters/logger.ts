/**
 * Log lines as CloudWatch and Lambda read them: one JSON object each, its level where Lambda looks for it, so
 * that a function's log level holds. An event's fields stay at the top, where queries look for them.
 */
import { LogFormatter, Logger, LogItem } from '@aws-lambda-powertools/logger'
import type { LogAttributes, UnformattedAttributes } from '@aws-lambda-powertools/logger/types'

export type LambdaContext = Parameters<Logger['addContext']>[0]

export type DeployedLogger = {
  readonly write: (
    level: 'info' | 'warn' | 'error',
    event: string,
    fields: Readonly<Record<string, unknown>>,
  ) => void
  /** From then on, lines tell of which invocation they are. */
  readonly addContext: (context: LambdaContext) => void
}

/** The service is the principal: the library reads its name from the environment. */
export function makeLogger(stage: string): DeployedLogger {
  const logger = new Logger({ logFormatter: new FlatFormatter(stage) })
  return {
    // Under a key of its own: the library drops fields that are named like its own, `message` among them.
    write: (level, event, fields) => logger[level](event, { fields }),
    addContext: (context) => logger.addContext(context),
  }
}

class FlatFormatter extends LogFormatter {
  readonly #stage: string

  constructor(stage: string) {
    super()
    this.#stage = stage
  }

  override formatAttributes(
    { logLevel, timestamp, message, serviceName, lambdaContext }: UnformattedAttributes,
    { fields }: LogAttributes,
  ): LogItem {
    const invocation = lambdaContext && {
      coldStart: lambdaContext.coldStart,
      lambdaRequestId: lambdaContext.awsRequestId,
    }
    return new LogItem({
      attributes: {
        event: message,
        ...(typeof fields === 'object' ? fields : {}),
        level: logLevel,
        timestamp: this.formatTimestamp(timestamp),
        stage: this.#stage,
        service: serviceName,
        ...invocation,
      },
    })
  }
}
