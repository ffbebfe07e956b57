/**
 * Every right that a template gives, whatever kind of policy it stands in: found by its shape, so that a policy
 * in a place that nobody thought of is read too. What this cannot read, it refuses.
 */
import type { Template } from 'aws-cdk-lib/assertions'
import * as z from 'zod'

/** One action of one principal on one resource. */
export type Right = {
  /** `GatewayServerRole: allow dynamodb:GetItem on <Data:TablesKeys.Arn>`, for people. */
  readonly text: string
  /** The resource of the template that holds it, as `stack/Id`. */
  readonly holder: string
  /** `trust`: who may take a role. `resource`: who may use what has the policy. `identity`: what a role may do. */
  readonly kind: 'identity' | 'trust' | 'resource'
  readonly effect: 'Allow' | 'Deny'
  /** Empty in the policy of an identity. */
  readonly principal: string
  readonly action: string
  /** Empty in a policy that stands for its own resource. */
  readonly resource: string
  /** JSON, with CloudFormation's functions written out; empty where there is none. */
  readonly condition: string
}

const oneOrMore = z.union([z.array(z.json()), z.json().transform((one) => [one])])

// Strict: what is allowed by naming all but some has no place here, and no other element either.
const Statement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.union([z.literal('*'), z.record(z.string(), oneOrMore)]).optional(),
  Action: oneOrMore,
  Resource: oneOrMore.default([]),
  Condition: z.json().optional(),
})

const Permission = z.strictObject({
  Action: z.string(),
  FunctionName: z.json(),
  Principal: z.json(),
  FunctionUrlAuthType: z.string().optional(),
  InvokedViaFunctionUrl: z.boolean().optional(),
  SourceAccount: z.json().optional(),
  SourceArn: z.json().optional(),
})

const Contents = z.object({
  Resources: z.record(
    z.string(),
    z.looseObject({ Type: z.string(), Properties: z.record(z.string(), z.json()).default({}) }),
  ),
})

export function rightsOf(stack: string, template: Template): Right[] {
  return Object.entries(Contents.parse(template.toJSON()).Resources).flatMap(
    ([id, { Type, Properties }]) => {
      const of = `${stack}/${withoutHash(id)}`
      if (Type === 'AWS::Lambda::Permission') return [rightOfPermission(of, Properties)]
      return documentsIn(Properties).flatMap((statements) =>
        statements.flatMap((statement) => rightsOfStatement(of, Type, statement)),
      )
    },
  )
}

/** Managed policies hold rights that no template shows. */
export function managedPoliciesIn(template: Template): readonly string[] {
  return Object.entries(Contents.parse(template.toJSON()).Resources).flatMap(
    ([id, { Properties }]) =>
      oneOrMore
        .parse(Properties.ManagedPolicyArns ?? [])
        .map((arn) => `${withoutHash(id)}: ${written(arn)}`),
  )
}

function documentsIn(value: unknown): z.infer<typeof Statement>[][] {
  if (typeof value !== 'object' || value === null) return []
  const { Statement: found, ...rest } = Object(value)
  const inside = Object.values(rest).flatMap(documentsIn)
  return found === undefined ? inside : [z.array(Statement).parse(found), ...inside]
}

function rightsOfStatement(of: string, type: string, statement: z.infer<typeof Statement>) {
  const { Effect: effect, Action, Resource, Condition } = statement
  const principal = statement.Principal === undefined ? '' : written(statement.Principal)
  const condition = Condition === undefined ? '' : written(Condition)
  const kind = principal === '' ? 'identity' : type === 'AWS::IAM::Role' ? 'trust' : 'resource'
  return Action.flatMap((action) =>
    (Resource.length === 0 ? [''] : Resource).map((resource) =>
      right(of, {
        kind,
        effect,
        principal,
        action: written(action),
        resource: written(resource),
        condition,
      }),
    ),
  )
}

/** The policy of a function, which CloudFormation writes one statement at a time. */
function rightOfPermission(of: string, properties: unknown): Right {
  const { Action, FunctionName, Principal, ...given } = Permission.parse(properties)
  const conditions = z.record(z.string(), z.json()).parse(given)
  return right(of, {
    kind: 'resource',
    effect: 'Allow',
    principal: written(Principal),
    action: Action,
    resource: written(FunctionName),
    condition: Object.keys(conditions).length === 0 ? '' : written(conditions),
  })
}

function right(of: string, row: Omit<Right, 'text' | 'holder'>): Right {
  const { effect, principal, action, resource, condition } = row
  const who = principal === '' ? '' : ` by ${principal}`
  const when = condition === '' ? '' : ` if ${condition}`
  return {
    ...row,
    holder: of,
    text: `${of}: ${effect} ${action}${who} on ${resource || 'itself'}${when}`,
  }
}

const Intrinsic = z.union([
  z.strictObject({ Ref: z.string() }).transform(({ Ref }) => `<${withoutHash(Ref)}>`),
  z
    .strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) })
    .transform(({ 'Fn::GetAtt': [id, attribute] }) => `<${withoutHash(id)}.${attribute}>`),
  z
    .strictObject({ 'Fn::Join': z.tuple([z.string(), z.array(z.json())]) })
    .transform(({ 'Fn::Join': [by, parts] }) => parts.map(written).join(by)),
  z
    .strictObject({ 'Fn::Sub': z.string() })
    .transform(({ 'Fn::Sub': text }) => text.replace(/\$\{([^}]+)\}/g, '<$1>')),
  z
    .strictObject({ 'Fn::GetStackOutput': z.looseObject({ OutputName: z.string() }) })
    .transform(({ 'Fn::GetStackOutput': { OutputName } }) => `<${published(OutputName)}>`),
])

/** A value of a template as a person would write it: ids without digests, functions by what they give. */
function written(value: z.core.util.JSONType): string {
  if (typeof value === 'string') return value
  const intrinsic = Intrinsic.safeParse(value)
  if (intrinsic.success) return intrinsic.data
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  return `{${Object.entries(value)
    .map(([key, item]) => `${key}: ${written(item)}`)
    .join(', ')}}`
}

/** `TablesKeys.Arn` of the name that CDK gives to an output of another stack. */
function published(output: string): string {
  const [, id, attribute] =
    /^PublishOutputFnGetAtt(.+?)[0-9A-F]{8}([A-Z][A-Za-z]*?)[0-9A-F]{7,8}$/.exec(output) ?? []
  return id === undefined ? output : `${id}.${attribute}`
}

function withoutHash(id: string): string {
  return id.startsWith('CustomS3ObjectCopy') ? 'CustomS3ObjectCopy' : id.replace(/[0-9A-F]{8}$/, '')
}
