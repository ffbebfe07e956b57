/**
 * The role that hosts are launched with. It stands beside ingest, which trusts it, and not with the hosts:
 * so a hosts stack that is destroyed and made again finds the role that ingest knows by its id.
 */
import { Aws, Stack, Validations } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'
import { envKey } from '../../src/names.ts'
import { acknowledged } from '../checks.ts'
import type { HostsConfig } from './hosts-config.ts'

export class LaunchRole extends Construct {
  readonly role: Role
  /** What ingest is told of it. */
  readonly environment: Readonly<Record<string, string>>

  constructor(scope: Construct, id: string, { ownerId, trustTier }: HostsConfig) {
    super(scope, id)
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
      description: 'B3IQ: instances with it enrol as hosts without a join code',
    })
    this.role.addToPolicy(sessionManagerStatement())
    Validations.of(this).acknowledge(acknowledged.sessionManager)
    this.environment = {
      [envKey.launchRole]: Stack.of(this).toJsonString({
        region: Aws.REGION,
        roleId: this.role.roleId,
        ownerId,
        trustTier,
      }),
    }
  }
}

/**
 * A shell for operators through Session Manager, and no more of SSM. AWS's managed policy for it would let
 * the instance read every parameter of the account, the stage's secrets among them.
 */
const sessionManagerStatement = () =>
  new PolicyStatement({
    actions: [
      'ssm:UpdateInstanceInformation',
      'ssmmessages:CreateControlChannel',
      'ssmmessages:CreateDataChannel',
      'ssmmessages:OpenControlChannel',
      'ssmmessages:OpenDataChannel',
    ],
    resources: ['*'],
  })
