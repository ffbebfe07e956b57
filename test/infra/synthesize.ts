/**
 * Synthesizes a stage as `cdk synth` does, with the flags of cdk.json, but without what takes seconds
 * and does not show in a template: bundling and, but for the tests of the checks, validation.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import * as z from 'zod'
import { readStageConfig, type StageConfig } from '../../infra/config.ts'
import { addStage } from '../../infra/stage.ts'

const CdkJson = z.object({ context: z.record(z.string(), z.unknown()) })
const cdkJson = CdkJson.parse(
  JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')),
)

/** Hands `use` an app whose output folder is gone when it returns. */
export function withApp<Result>(
  context: Readonly<Record<string, unknown>>,
  use: (app: App) => Result,
): Result {
  const outdir = mkdtempSync(join(tmpdir(), 'b3iq-synth-'))
  try {
    return use(
      new App({
        outdir,
        context: { ...cdkJson.context, 'aws:cdk:bundling-stacks': [], ...context },
      }),
    )
  } finally {
    rmSync(outdir, { recursive: true, force: true })
  }
}

/** The committed configuration of a stage. */
export function stageConfig(stage: string): StageConfig {
  const read = readStageConfig(stage)
  if (!read.ok) throw new Error(read.message)
  return read.config
}

type Templates = ReturnType<typeof synthesizeAnew>

/** Test files of one worker share it: the same configuration always makes the same templates. */
const synthesized = new Map<string, Templates>()

export function synthesize(config: StageConfig): Templates {
  const key = JSON.stringify(config)
  const templates = synthesized.get(key) ?? synthesizeAnew(config)
  synthesized.set(key, templates)
  return templates
}

function synthesizeAnew(config: StageConfig) {
  return withApp({ '@aws-cdk/core:validateAgainstDefaultRules': false }, (app) => {
    const stacks = addStage(app, config)
    return {
      data: Template.fromStack(stacks.data),
      gateway: Template.fromStack(stacks.gateway),
      ingest: Template.fromStack(stacks.ingest),
      admin: Template.fromStack(stacks.admin),
      schedules: Template.fromStack(stacks.schedules),
      streams: Template.fromStack(stacks.streams),
      console: Template.fromStack(stacks.console),
      observability: Template.fromStack(stacks.observability),
      ...(stacks.hosts === undefined ? {} : { hosts: Template.fromStack(stacks.hosts) }),
    }
  })
}

export type Resource = { readonly stack: string; readonly id: string; readonly body: ResourceBody }

const ResourceBody = z.looseObject({
  Properties: z.record(z.string(), z.json()).default({}),
  DependsOn: z.array(z.string()).default([]),
  DeletionPolicy: z.string().optional(),
})
type ResourceBody = z.infer<typeof ResourceBody>

/** Every resource of one type, of all stacks. */
export function resourcesOf(
  templates: Readonly<Record<string, Template>>,
  type: string,
): readonly Resource[] {
  return Object.entries(templates).flatMap(([stack, template]) =>
    Object.entries(template.findResources(type)).map(([id, body]) => ({
      stack,
      id,
      body: ResourceBody.parse(body),
    })),
  )
}
