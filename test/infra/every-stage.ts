/** Stages that together have everything that a stage can have, and no two of them at once what excludes itself. */
import type { StageConfig } from '../../infra/config.ts'
import { configWith, viaLanes, viaTunnel } from './hosts/stage-with-hosts.ts'
import { stageConfig } from './synthesize.ts'

const dev = stageConfig('dev')

export const consoleAddress = {
  domainName: 'console.example.net',
  certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d',
}

export const everyStage: Readonly<Record<'web' | 'tunnel' | 'lanes', StageConfig>> = {
  web: { ...dev, gateway: { ...dev.gateway, compute: 'web' } },
  tunnel: { ...configWith({ reach: viaTunnel }), tracing: true, console: consoleAddress },
  lanes: configWith({ reach: viaLanes }),
}
