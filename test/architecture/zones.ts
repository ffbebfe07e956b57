/**
 * Which part of the code may know which. A zone is a folder, or one file; the first whose prefix
 * fits is a file's own. What a zone may not import is told with the rule that forbids it.
 */
import type { Import, SourceFile } from './source-file.ts'

type PackageGroup =
  | 'node'
  | 'zod'
  | 'aws'
  | 'cdk'
  | 'esbuild'
  | 'hono'
  | 'hono-server'
  | 'lambda'
  | 'npm'

type Zone = {
  readonly prefix: string
  /** Prefixes of our own files, besides the zone's own. */
  readonly mayImport: readonly string[]
  readonly packages: readonly PackageGroup[]
  readonly rule: string
}

const libraries: readonly PackageGroup[] = ['node', 'zod', 'npm']
const core = ['src/money/', 'src/protocol/']
const domain = [
  'src/ledger/',
  'src/keys/',
  'src/fleet/',
  'src/jobs/',
  'src/routing/',
  'src/metering/',
  'src/receipts/',
  'src/catalogue/',
  'src/dispatch/',
  'src/jobs/',
  'src/benchmark/',
  'src/spot-checks/',
  'src/reputation/',
  'src/responses/',
  'src/spend/',
  'src/audit/',
  'src/incidents/',
]
const names = ['src/names.ts', 'src/tables.ts']
/** Definitions that infrastructure and running code share. */
const shared = [...names, 'src/rights.ts']
/** What a program may carry that runs at a host or a customer. */
export const shipped: readonly string[] = [...core, 'src/receipts/']

const domainZone = (prefix: string): Zone => ({
  prefix,
  mayImport: [...core, ...domain],
  packages: libraries,
  rule: 'the domain knows money, protocol and itself: no use case, no adapter, no AWS, no server',
})

const useCaseZone = (prefix: string): Zone => ({
  prefix,
  mayImport: [...core, ...domain, 'src/http/'],
  packages: [...libraries, 'hono'],
  rule: 'a use case knows the domain, protocol, money and http: no adapter, no other use case, no AWS',
})

const appZone = (prefix: string): Zone => ({
  prefix,
  mayImport: shipped,
  packages: libraries,
  rule: 'a shipped program knows protocol, receipts and money alone',
})

const zones: readonly Zone[] = [
  {
    prefix: 'src/money/',
    mayImport: [],
    packages: [],
    rule: 'money imports nothing outside money',
  },
  {
    prefix: 'src/protocol/',
    mayImport: [],
    packages: libraries,
    rule: 'protocol imports nothing of ours: it is shared with programs that run elsewhere',
  },
  ...names.map((prefix) => ({
    prefix,
    mayImport: [],
    packages: [],
    rule: 'names and tables import nothing: infrastructure and running code share them',
  })),
  {
    prefix: 'src/rights.ts',
    mayImport: names,
    packages: [],
    rule: 'rights speak of names and tables alone: infrastructure and running code share them',
  },
  ...domain.map(domainZone),
  ...['http', 'gateway', 'ingest', 'admin', 'schedules'].map((name) => useCaseZone(`src/${name}/`)),
  {
    prefix: 'src/adapters/',
    mayImport: [...core, ...domain, ...shared],
    packages: [...libraries, 'aws'],
    rule: 'an adapter knows the ports of the domain and no use case',
  },
  {
    prefix: 'functions/',
    mayImport: ['src/'],
    packages: [...libraries, 'aws', 'hono', 'hono-server', 'lambda'],
    rule: 'an entry point knows what is under src and the Lambda runtime',
  },
  {
    prefix: 'infra/',
    mayImport: [...shared, 'src/protocol/limits.ts', 'src/protocol/enrolment.ts'],
    packages: ['node', 'zod', 'cdk', 'esbuild'],
    rule: 'infrastructure knows file names, the shared definitions and bounds, not code',
  },
  {
    prefix: 'apps/local/',
    mayImport: ['src/', 'functions/', 'infra/', 'apps/', 'scripts/'],
    packages: [...libraries, 'aws', 'hono', 'hono-server', 'lambda'],
    rule: 'the laptop stack starts everything and deploys nothing: no CDK, no tests',
  },
  ...['metadata', 'identity'].map(
    (name): Zone => ({
      prefix: `apps/host/instance-${name}.ts`,
      mayImport: [...shipped, 'apps/host/'],
      packages: [...libraries, 'aws'],
      rule: 'what speaks to EC2 is loaded on EC2 alone; the rest of the agent knows no AWS',
    }),
  ),
  ...['host', 'cli', 'console'].map((name) => appZone(`apps/${name}/`)),
  {
    prefix: 'scripts/',
    mayImport: ['src/', 'infra/'],
    packages: [...libraries, 'aws', 'esbuild'],
    rule: 'a script knows src and the stage files',
  },
]

const matches = (path: string, prefix: string) =>
  prefix.endsWith('/') ? path.startsWith(prefix) : path === prefix

export function importViolations(file: SourceFile): string[] {
  const zone = zones.find(({ prefix }) => matches(file.path, prefix))
  if (!zone) return [`${file.path} belongs to no zone: give its folder a row in zones.ts`]
  return file.imports.flatMap((one) =>
    mayImport(zone, one)
      ? []
      : [`${file.path}:${one.line} imports ${one.specifier || 'a computed path'}: ${zone.rule}`],
  )
}

function mayImport(zone: Zone, { specifier, target }: Import): boolean {
  if (specifier === '') return false
  if (!specifier.startsWith('.')) return zone.packages.includes(groupOf(specifier))
  return [zone.prefix, ...zone.mayImport].some((prefix) => matches(target, prefix))
}

function groupOf(specifier: string): PackageGroup {
  if (specifier.startsWith('node:')) return 'node'
  if (specifier === 'zod') return 'zod'
  if (/^@(aws-sdk|smithy|aws-crypto)\//.test(specifier)) return 'aws'
  if (/^(aws-cdk-lib|constructs|cdk-nag)(\/|$)/.test(specifier)) return 'cdk'
  if (specifier === 'esbuild') return 'esbuild'
  if (/^hono(\/|$)/.test(specifier)) return 'hono'
  if (/^@hono\//.test(specifier)) return 'hono-server'
  if (/^(@middy\/|aws-lambda$)/.test(specifier)) return 'lambda'
  return 'npm'
}
