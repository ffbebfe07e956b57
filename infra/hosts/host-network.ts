/**
 * Where hosts stand: public subnets, and nothing that comes in. A NAT gateway would cost $32 a month per zone and
 * a price per gigabyte of model weights before the first host runs; a public address costs $3.60 a month and
 * only while its host does. Without an inbound rule such an address answers nobody.
 */
import { Fn, Validations } from 'aws-cdk-lib'
import { type IVpc, Peer, Port, SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2'
import { Construct } from 'constructs'
import { acknowledged } from '../checks.ts'
import type { HostsConfig } from './hosts-config.ts'

/** Where `cloudflared` finds the provider of the tunnel. */
const providerPort = 7844

export class HostNetwork extends Construct {
  readonly vpc: IVpc
  readonly hosts: SecurityGroup

  constructor(scope: Construct, id: string, { availabilityZones, reach }: HostsConfig) {
    super(scope, id)
    const vpc = new Vpc(this, 'Vpc', {
      // By position: neither account nor region is known here, and nothing is looked up.
      availabilityZones: Array.from({ length: availabilityZones }, (_, index) =>
        Fn.select(index, Fn.getAzs()),
      ),
      natGateways: 0,
      subnetConfiguration: [{ name: 'Hosts', subnetType: SubnetType.PUBLIC }],
      // Nothing uses the default group. Emptying it would take a function with rights over groups.
      restrictDefaultSecurityGroup: false,
    })
    Validations.of(vpc).acknowledge(acknowledged.noFlowLog)
    this.vpc = plainVpc(vpc)
    this.hosts = new SecurityGroup(this, 'HostGroup', {
      vpc: this.vpc,
      description: 'B3IQ hosts',
      allowAllOutbound: false,
    })
    this.hosts.addEgressRule(
      Peer.anyIpv4(),
      Port.tcp(443),
      'Ingest, registries, model weights, AWS',
    )
    if (reach.kind === 'tunnel') {
      this.hosts.addEgressRule(Peer.anyIpv4(), Port.tcp(providerPort), 'The tunnel')
      this.hosts.addEgressRule(Peer.anyIpv4(), Port.udp(providerPort), 'The tunnel over QUIC')
    }
  }
}

/** Under exact optional properties CDK's class and its interface disagree on a VPC that has no VPN. */
function plainVpc(vpc: Vpc): Vpc & IVpc {
  if (!hasNoVpn(vpc)) throw new Error(`${vpc.node.path} must not have a VPN.`)
  return vpc
}

const hasNoVpn = (vpc: Vpc): vpc is Vpc & IVpc => vpc.vpnGatewayId === undefined
