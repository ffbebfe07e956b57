import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CfnResource } from 'aws-cdk-lib'
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { acknowledged } from '../../infra/checks.ts'
import { addStage } from '../../infra/stage.ts'
import { stageConfig, withApp } from './synthesize.ts'

const Report = z.object({ pluginReports: z.array(z.unknown()) })

describe('the checks', () => {
  const dev = stageConfig('dev')
  const asWebFunction = { ...dev.gateway, compute: 'web' as const }

  test.each([
    ['stage prod', stageConfig('prod'), {}],
    [
      'a stage with a Web Function and tracing, in an account bootstrapped with a qualifier of its own',
      { ...dev, tracing: true, gateway: asWebFunction },
      { '@aws-cdk/core:bootstrapQualifier': 'ours123456' },
    ],
  ])(
    'find nothing in %s, not even a warning',
    (_, config, context) => {
      withApp(context, (app) => {
        addStage(app, config)
        const { directory, stacks } = app.synth()
        const report = readFileSync(join(directory, 'validation-report.json'), 'utf8')
        expect(Report.parse(JSON.parse(report))).toEqual({ pluginReports: [] })
        expect(stacks.flatMap(({ messages }) => messages)).toEqual([])
      })
    },
    60_000,
  )

  test('fail synthesis on a finding of a rule pack, beside one that is acknowledged too', () => {
    withApp({}, (app) => {
      const { ingest, streams } = addStage(app, stageConfig('dev'))
      new Queue(ingest, 'Unprotected')
      new LambdaFunction(streams, 'WithoutDestination', {
        code: Code.fromInline('exports.handler = () => {}'),
        handler: 'index.handler',
        runtime: Runtime.NODEJS_LATEST,
      })
      expect(() => app.synth()).toThrow(/AwsSolutions-SQS4.*Serverless-LambdaDLQ/s)
    })
  })

  test('fail synthesis on a template that CloudFormation would refuse', () => {
    withApp({}, (app) => {
      const { data } = addStage(app, stageConfig('dev'))
      new CfnResource(data, 'Unfit', {
        type: 'AWS::Logs::LogGroup',
        properties: { RetentionInDays: 'a month' },
      })
      expect(() => app.synth()).toThrow(/RetentionInDays/)
    })
  })

  test.each(Object.entries(acknowledged))('%s stands for a stated reason', (_, { reason }) => {
    expect(reason).toMatch(/^[A-Z].{20,}\.$/)
  })
})
