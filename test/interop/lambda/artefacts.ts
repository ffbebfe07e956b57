/**
 * The bundles of one stack as they would be uploaded, with the environment that their template gives them.
 * Only what AWS fills in is filled in here: the tables' names.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import * as z from 'zod'
import { addStage } from '../../../infra/stage.ts'
import { resourcesOf, stageConfig } from '../../infra/synthesize.ts'

export type Artefact = {
  readonly folder: string
  /** As in the template; `undefined` where AWS would fill the value in. */
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly timeoutSec: number
  readonly handler: string
}

type StackName = 'gateway' | 'ingest' | 'admin' | 'schedules' | 'streams'

const FunctionProperties = z.object({
  Code: z.object({ S3Key: z.string() }),
  Handler: z.string(),
  Timeout: z.int(),
  Environment: z.object({ Variables: z.record(z.string(), z.json()) }),
})

/** `stage` is `dev`, or `local`, which alone may call hosts on this machine and is otherwise the same. */
export function synthesizeArtefacts(stage: 'dev' | 'local', stackNames: readonly StackName[]) {
  const outdir = mkdtempSync(join(tmpdir(), 'b3iq-lambda-'))
  const remove = () => rmSync(outdir, { recursive: true, force: true })
  try {
    return { ...synthesizeInto(outdir, stage, stackNames), remove }
  } catch (error) {
    remove()
    throw error
  }
}

function synthesizeInto(outdir: string, stage: string, stackNames: readonly StackName[]) {
  const app = new App({
    outdir,
    context: {
      '@aws-cdk/core:validateAgainstDefaultRules': false,
      'aws:cdk:bundling-stacks': stackNames.map((name) => `B3iq-${stage}-${titled(name)}`),
    },
  })
  const stacks = addStage(app, { ...stageConfig('dev'), stage })
  const templates = Object.fromEntries(
    stackNames.map((name) => [name, Template.fromStack(stacks[name])]),
  )
  const artefacts = new Map(
    resourcesOf(templates, 'AWS::Lambda::Function').map(({ id, body }) => {
      const { Code, Handler, Timeout, Environment } = FunctionProperties.parse(body.Properties)
      const artefact: Artefact = {
        folder: join(outdir, `asset.${Code.S3Key.replace('.zip', '')}`),
        handler: Handler,
        timeoutSec: Timeout,
        variables: Object.fromEntries(
          Object.entries(Environment.Variables).map(([name, value]) => [
            name,
            typeof value === 'string' ? value : undefined,
          ]),
        ),
      }
      return [id.replace(/(Handler|Server)?Function[0-9A-F]{8}$/, ''), artefact]
    }),
  )
  return {
    artefactOf: (name: string): Artefact => {
      const artefact = artefacts.get(name)
      if (artefact === undefined)
        throw new Error(`There is no ${name} but ${[...artefacts.keys()]}`)
      return artefact
    },
  }
}

/** The template's own, with `filled` for what AWS fills in; throws where nothing does. */
export function environmentOf(
  { variables }: Artefact,
  filled: Readonly<Record<string, string>>,
): Record<string, string> {
  const complete = Object.entries(variables).map(([name, value]) => {
    const text = filled[name] ?? value
    if (text === undefined) throw new Error(`${name} has no value outside AWS`)
    return [name, text] as const
  })
  return { ...Object.fromEntries(complete), ...filled }
}

const titled = (name: string): string => `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`
