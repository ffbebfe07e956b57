/**
 * What a stage file says of the GPU hosts that the stage launches itself. Everything that ends in a shell
 * script or a unit is held to letters that mean nothing there.
 */
import * as z from 'zod'

/** By digest: what is pulled next month is what was tried today. */
const Image = z
  .string()
  .max(300)
  .regex(
    /^[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64}$/,
    'must name an image by digest, such as name@sha256:…',
  )

export const DomainName = z
  .string()
  .max(200)
  .regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, 'must be a domain in lower case')

/** What an application load balancer's rules and groups comfortably hold. */
const lanesMax = 20

const Model = z.strictObject({
  /** On the Hugging Face hub, open to anybody. */
  repository: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\/[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  revision: z.string().regex(/^[0-9a-f]{40}$/, 'must be a commit of 40 hex digits'),
  contextLength: z.int().min(512).max(1_048_576),
})

const Reach = z.discriminatedUnion(
  'kind',
  [
    /** Nothing comes in: each host holds a tunnel of the stage's `tunnels`. */
    z.strictObject({ kind: z.literal('tunnel') }),
    /** A load balancer with a name for each host, `lane-1.<domainName>` and on. */
    z.strictObject({
      kind: z.literal('load-balancer'),
      domainName: DomainName,
      hostedZoneId: z.string().regex(/^Z[A-Z0-9]{5,31}$/, 'must be the id of a Route 53 zone'),
      /** Of `*.<domainName>`, in the region of the stage. */
      certificateArn: z
        .string()
        .regex(
          /^arn:[\w-]+:acm:[\w-]+:\d{12}:certificate\/[\w-]+$/,
          'must be the ARN of an ACM certificate',
        ),
    }),
  ],
  {
    error:
      'must say how hosts are reached, { "kind": "tunnel" } or { "kind": "load-balancer", … }: docs/hosts-on-ec2.md has both',
  },
)

export const HostsConfig = z
  .strictObject({
    reach: Reach,
    /** x86-64 with NVIDIA GPUs; Spot takes whichever is the least likely to be taken back. */
    instanceTypes: z
      .array(
        z
          .string()
          .regex(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, 'must be an instance type such as g6e.xlarge'),
      )
      .min(1)
      .max(10),
    gpusPerHost: z.int().min(1).max(16).default(1),
    hostsMax: z.int().min(1).max(100),
    /** As many of them are on demand; what goes beyond is Spot. */
    onDemandHosts: z.int().min(0).max(100).default(0),
    /** Of the region's; more of them have more GPUs to give. Subnets cost nothing. */
    availabilityZones: z.int().min(2).max(6).default(3),
    volumeGb: z.int().min(150).max(4_000).default(200),
    images: z.strictObject({
      /** vLLM's server that speaks OpenAI's API. */
      runtime: Image,
      /** Its `node` runs the agent. */
      node: Image,
      /** Its `cloudflared` is the tunnel's end; needed with `tunnel`. */
      cloudflared: Image.optional(),
    }),
    model: Model,
    /** Dispatches at once, per host. */
    maxConcurrency: z.int().min(1).max(1_024).default(16),
    /** Whose the nodes are in the books. */
    ownerId: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}$/)
      .default('b3iq:hosts'),
    /** T3 is attested, which an enrolment is not. */
    trustTier: z.enum(['T0', 'T1', 'T2']).default('T1'),
  })
  .refine(({ onDemandHosts, hostsMax }) => onDemandHosts <= hostsMax, {
    path: ['onDemandHosts'],
    message: 'must not exceed hostsMax',
  })
  .refine(({ reach, hostsMax }) => reach.kind !== 'load-balancer' || hostsMax <= lanesMax, {
    path: ['hostsMax'],
    message: `must not exceed ${lanesMax} behind a load balancer: use tunnels for more`,
  })
  .refine(({ reach, images }) => reach.kind !== 'tunnel' || images.cloudflared !== undefined, {
    path: ['images', 'cloudflared'],
    message: 'must be given with reach "tunnel"',
  })
export type HostsConfig = z.infer<typeof HostsConfig>

/** Names of hosts behind a load balancer, one each. */
export const laneNames = ({ reach, hostsMax }: HostsConfig): readonly string[] =>
  reach.kind === 'load-balancer'
    ? Array.from({ length: hostsMax }, (_, index) => `lane-${index + 1}.${reach.domainName}`)
    : []
