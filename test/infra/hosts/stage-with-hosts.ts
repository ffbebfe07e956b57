/** A stage that launches hosts, and the facts of one of them. */
import { parseStageConfig, type StageConfig } from '../../../infra/config.ts'
import type { HostScriptFacts } from '../../../infra/hosts/user-data.ts'
import { stageConfig } from '../synthesize.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`

export const tunnels = {
  accountId: 'a'.repeat(32),
  zoneId: 'b'.repeat(32),
  zoneName: 'hosts.example.net',
}
export const viaTunnel = { kind: 'tunnel' } as const
export const viaLanes = {
  kind: 'load-balancer',
  domainName: 'hosts.example.net',
  hostedZoneId: 'Z0123456789ABC',
  certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d',
} as const

export const someHosts = {
  reach: viaTunnel,
  instanceTypes: ['g6e.xlarge', 'g6.2xlarge'],
  hostsMax: 3,
  onDemandHosts: 1,
  images: {
    runtime: `vllm/vllm-openai@${digest('1')}`,
    node: `node@${digest('2')}`,
    cloudflared: `cloudflare/cloudflared@${digest('3')}`,
  },
  model: { repository: 'Qwen/Qwen3-8B', revision: 'c'.repeat(40), contextLength: 8192 },
}

/** What the stage file would be read as. */
export const parsedWith = (hosts: object, stage: object = { tunnels }) =>
  parseStageConfig('dev', { ...stageConfig('dev'), ...stage, hosts: { ...someHosts, ...hosts } })

export function configWith(hosts: object): StageConfig {
  const parsed = parsedWith(hosts)
  if (!parsed.ok) throw new Error(parsed.message)
  return parsed.config
}

export const scriptFacts: HostScriptFacts = {
  hosts: { ...someHosts, gpusPerHost: 1, maxConcurrency: 16 },
  route: viaTunnel,
  ingestUrl: 'https://ingest.example.net/',
  agent: { bucket: 'assets', key: 'agent.mjs', sha256: 'd'.repeat(64) },
}
export const direct = { kind: 'direct', url: 'https://lane-1.hosts.example.net', port: 0 } as const
