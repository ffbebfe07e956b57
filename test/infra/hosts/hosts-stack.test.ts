// The templates of a stage that launches hosts, and the checks that they pass like every other.
import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { addChecks } from '../../../infra/checks.ts'
import { DataStack } from '../../../infra/stacks/data.ts'
import { IngestStack } from '../../../infra/stacks/ingest.ts'
import { hostsOf } from '../../../infra/stage.ts'
import { envKey } from '../../../src/names.ts'
import { stageConfig, withApp } from '../synthesize.ts'
import { configWith, viaLanes, viaTunnel } from './stage-with-hosts.ts'

/** Of the stacks that know of hosts; the checks are those of the whole stage. */
const templatesOf = (reach: typeof viaTunnel | typeof viaLanes) =>
  withApp({}, (app) => {
    const config = configWith({ reach })
    const data = new DataStack(app, 'Data', config)
    const ingest = new IngestStack(app, 'Ingest', config, data.tables)
    const hosts = hostsOf(app, 'Hosts', config, ingest)
    addChecks(app)
    const { stacks } = app.synth()
    if (hosts === undefined) throw new Error('the stage has no hosts')
    return {
      hosts: Template.fromStack(hosts),
      ingest: Template.fromStack(ingest),
      messages: stacks.flatMap(({ messages }) => messages),
    }
  })

const byTunnel = templatesOf(viaTunnel)
const byLanes = templatesOf(viaLanes)
const both = [
  ['tunnel', byTunnel],
  ['load-balancer', byLanes],
] as const

const found = (template: Template, type: string) => Object.values(template.findResources(type))

describe.each(both)('hosts reached by %s', (_, { hosts, ingest, messages }) => {
  test('pass every check without a warning', () => {
    expect(messages).toEqual([])
  })

  test('are none until somebody asks for some', () => {
    for (const { Properties } of found(hosts, 'AWS::AutoScaling::AutoScalingGroup')) {
      expect(Properties).toMatchObject({ MinSize: '0' })
      expect(Properties).not.toHaveProperty('DesiredCapacity')
    }
  })

  test('answer the metadata service’s version 2 alone, one hop away, and have no key pair', () => {
    for (const { Properties } of found(hosts, 'AWS::EC2::LaunchTemplate')) {
      const { LaunchTemplateData: data } = Properties
      expect(data.MetadataOptions).toMatchObject({
        HttpTokens: 'required',
        HttpPutResponseHopLimit: 1,
      })
      expect(data).not.toHaveProperty('KeyName')
    }
  })

  test('have encrypted volumes that go with them', () => {
    for (const { Properties } of found(hosts, 'AWS::EC2::LaunchTemplate')) {
      expect(Properties.LaunchTemplateData.BlockDeviceMappings).toEqual([
        expect.objectContaining({
          Ebs: expect.objectContaining({
            Encrypted: true,
            DeleteOnTermination: true,
            VolumeType: 'gp3',
          }),
        }),
      ])
    }
  })

  test('have two minutes to drain when their group ends them', () => {
    const groups = found(hosts, 'AWS::AutoScaling::AutoScalingGroup')
    const hooks = found(hosts, 'AWS::AutoScaling::LifecycleHook')
    expect(hooks).toHaveLength(groups.length)
    for (const { Properties } of hooks) {
      expect(Properties).toMatchObject({
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        HeartbeatTimeout: 120,
        DefaultResult: 'CONTINUE',
      })
    }
  })

  test('may fetch one object and open a session, and may not read a parameter', () => {
    const statements = [hosts, ingest].flatMap((template) =>
      found(template, 'AWS::IAM::Policy')
        .filter(({ Properties }) => /LaunchRole/.test(JSON.stringify(Properties.Roles)))
        .flatMap(({ Properties }) => Properties.PolicyDocument.Statement),
    )
    expect(statements).toEqual([
      { Effect: 'Allow', Action: 's3:GetObject', Resource: expect.anything() },
      {
        Effect: 'Allow',
        Action: [
          'ssm:UpdateInstanceInformation',
          'ssmmessages:CreateControlChannel',
          'ssmmessages:CreateDataChannel',
          'ssmmessages:OpenControlChannel',
          'ssmmessages:OpenDataChannel',
        ],
        Resource: '*',
      },
    ])
    expect(JSON.stringify(statements[0].Resource)).not.toContain('*')
  })

  test('have a role that EC2 alone may take on, whose id ingest is told', () => {
    const roles = ingest.findResources('AWS::IAM::Role', {
      Properties: {
        AssumeRolePolicyDocument: {
          Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' } }],
        },
      },
    })
    const [logicalId] = Object.keys(roles)
    expect(Object.keys(roles)).toHaveLength(1)
    const told = found(ingest, 'AWS::Lambda::Function').map(
      ({ Properties }) => Properties.Environment.Variables[envKey.launchRole],
    )
    expect(JSON.stringify(told)).toContain(`{"Fn::GetAtt":["${logicalId}","RoleId"]}`)
  })

  test('stand in no subnet that is billed', () => {
    hosts.resourceCountIs('AWS::EC2::NatGateway', 0)
    hosts.resourceCountIs('AWS::EC2::VPCEndpoint', 0)
  })
})

describe('what comes in', () => {
  test('by tunnel is nothing at all', () => {
    byTunnel.hosts.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0)
    byTunnel.hosts.resourceCountIs('AWS::ElasticLoadBalancingV2::LoadBalancer', 0)
    for (const { Properties } of found(byTunnel.hosts, 'AWS::EC2::SecurityGroup')) {
      expect(Properties).not.toHaveProperty('SecurityGroupIngress')
    }
  })

  test('by load balancer is port 443, and behind it the agents’ port from it alone', () => {
    const groups = found(byLanes.hosts, 'AWS::EC2::SecurityGroup')
    const open = groups.flatMap(({ Properties }) => Properties.SecurityGroupIngress ?? [])
    expect(open).toEqual([
      expect.objectContaining({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443 }),
    ])
    const [inside, ...others] = found(byLanes.hosts, 'AWS::EC2::SecurityGroupIngress')
    expect(others).toEqual([])
    expect(inside?.Properties).toMatchObject({
      FromPort: 8443,
      ToPort: 8443,
      SourceSecurityGroupId: expect.anything(),
    })
  })
})

describe('behind a load balancer', () => {
  const groups = found(byLanes.hosts, 'AWS::AutoScaling::AutoScalingGroup')

  test('a name leads to one host: each has a group of one, which replaces it only once it is gone', () => {
    expect(groups).toHaveLength(3)
    for (const { Properties } of groups) {
      expect(Properties).toMatchObject({ MaxSize: '1', CapacityRebalance: false })
      expect(Properties.TargetGroupARNs).toHaveLength(1)
    }
    const targets = groups.map(({ Properties }) => JSON.stringify(Properties.TargetGroupARNs))
    expect(new Set(targets).size).toBe(3)
  })

  test('each name has its rule, and every other name is answered 404', () => {
    const rules = found(byLanes.hosts, 'AWS::ElasticLoadBalancingV2::ListenerRule')
    expect(rules.flatMap(({ Properties }) => Properties.Conditions)).toEqual(
      [1, 2, 3].map((lane) => ({
        Field: 'host-header',
        HostHeaderConfig: { Values: [`lane-${lane}.hosts.example.net`] },
      })),
    )
    byLanes.hosts.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 443,
      Protocol: 'HTTPS',
      DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
    })
  })

  test('the first are on demand, as many as the file says, and the others Spot', () => {
    const bases = groups.map(
      ({ Properties }) =>
        Properties.MixedInstancesPolicy.InstancesDistribution.OnDemandBaseCapacity,
    )
    expect(bases).toEqual([1, 0, 0])
  })
})

test('by tunnel one group takes whichever type is the least likely to be taken back', () => {
  byTunnel.hosts.hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', {
    MaxSize: '3',
    CapacityRebalance: true,
    MixedInstancesPolicy: {
      InstancesDistribution: {
        OnDemandBaseCapacity: 1,
        OnDemandPercentageAboveBaseCapacity: 0,
        SpotAllocationStrategy: 'price-capacity-optimized',
      },
      LaunchTemplate: {
        Overrides: [{ InstanceType: 'g6e.xlarge' }, { InstanceType: 'g6.2xlarge' }],
      },
    },
  })
})

test('a stage that launches none has no such stack, and its ingest trusts no role', () => {
  withApp({}, (app) => {
    const config = stageConfig('dev')
    const data = new DataStack(app, 'Data', config)
    const ingest = new IngestStack(app, 'Ingest', config, data.tables)
    expect(hostsOf(app, 'Hosts', config, ingest)).toBeUndefined()
    expect(JSON.stringify(Template.fromStack(ingest).toJSON())).not.toContain(envKey.launchRole)
  })
})
