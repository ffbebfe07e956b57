import { Duration, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { NodeFunction } from '../../infra/constructs/node-function.ts'
import { DataStack } from '../../infra/stacks/data.ts'
import { resourcesOf, stageConfig, withApp } from './synthesize.ts'

const Policy = z.object({
  PolicyDocument: z.object({
    Statement: z.array(z.looseObject({ Action: z.union([z.string(), z.array(z.string())]) })),
  }),
})

/** Of one function, made as all are. */
function tracingOf(tracing: boolean) {
  return withApp({}, (app) => {
    const config = { ...stageConfig('dev'), tracing }
    const { tables } = new DataStack(app, 'Data', config)
    const stack = new Stack(app, 'One')
    new NodeFunction(stack, 'Function', {
      config,
      tables,
      principal: 'ingest',
      entry: 'functions/ingest/handler.ts',
      timeout: Duration.seconds(30),
      memoryMb: 256,
    })
    const templates = { one: Template.fromStack(stack) }
    const statements = resourcesOf(templates, 'AWS::IAM::Policy').flatMap(
      ({ body }) => Policy.parse(body.Properties).PolicyDocument.Statement,
    )
    return {
      modes: resourcesOf(templates, 'AWS::Lambda::Function').map(
        ({ body }) => body.Properties.TracingConfig,
      ),
      rights: statements.filter(({ Action }) => JSON.stringify(Action).includes('xray:')),
    }
  })
}

test('is off where the stage does not ask, and no right speaks of it', () => {
  expect(tracingOf(false)).toEqual({ modes: [undefined], rights: [] })
  expect(stageConfig('dev').tracing).toBe(false)
  expect(stageConfig('prod').tracing).toBe(false)
})

test('is active where the stage asks, with the two rights to send and no other', () => {
  expect(tracingOf(true)).toEqual({
    modes: [{ Mode: 'Active' }],
    rights: [
      {
        Action: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
        Effect: 'Allow',
        Resource: '*',
      },
    ],
  })
})
