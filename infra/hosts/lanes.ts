/**
 * The way in without a tunnel: one load balancer, and for each host a lane of it, a name that leads to a group
 * of one. A route must end at one node, which a group of many behind one name could not promise.
 */
import { Duration, Validations } from 'aws-cdk-lib'
import type { AutoScalingGroup } from 'aws-cdk-lib/aws-autoscaling'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import { Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2'
import {
  type ApplicationListener,
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ApplicationTargetGroup,
  ListenerAction,
  ListenerCondition,
  SslPolicy,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53'
import { LoadBalancerTarget } from 'aws-cdk-lib/aws-route53-targets'
import { Construct } from 'constructs'
import { acknowledged } from '../checks.ts'
import type { HostNetwork } from './host-network.ts'
import type { HostsConfig } from './hosts-config.ts'

export type LanesProps = {
  readonly network: HostNetwork
  readonly reach: HostsConfig['reach'] & { readonly kind: 'load-balancer' }
}

/** Longer than the gateway keeps a connection (60 s), shorter than the agent does (75 s). */
const idleTimeout = Duration.seconds(70)
/** Where the agents listen behind the load balancer. */
export const agentPort = 8443
/** The agent signs this answer; that it answers at all is what is looked at. */
const healthPath = '/.well-known/b3iq/route?nonce=health'

export class Lanes extends Construct {
  readonly #listener: ApplicationListener
  readonly #network: HostNetwork

  constructor(scope: Construct, id: string, { network, reach }: LanesProps) {
    super(scope, id)
    this.#network = network
    const front = new SecurityGroup(this, 'FrontGroup', {
      vpc: network.vpc,
      description: 'B3IQ load balancer of the hosts',
      allowAllOutbound: false,
    })
    // The gateway's functions have no fixed addresses; what they send carries a signed ticket.
    front.addIngressRule(Peer.anyIpv4(), Port.tcp(443), 'The gateway')
    front.addEgressRule(network.hosts, Port.tcp(agentPort), 'The agents')
    network.hosts.addIngressRule(front, Port.tcp(agentPort), 'The load balancer')
    Validations.of(front).acknowledge(acknowledged.openToGateways)

    const balancer = new ApplicationLoadBalancer(this, 'Balancer', {
      vpc: network.vpc,
      internetFacing: true,
      securityGroup: front,
      idleTimeout,
      dropInvalidHeaderFields: true,
    })
    Validations.of(balancer).acknowledge(acknowledged.noAccessLogOfBalancer)
    this.#listener = balancer.addListener('Https', {
      port: 443,
      protocol: ApplicationProtocol.HTTPS,
      open: false,
      sslPolicy: SslPolicy.RECOMMENDED_TLS,
      certificates: [Certificate.fromCertificateArn(this, 'Certificate', reach.certificateArn)],
      defaultAction: ListenerAction.fixedResponse(404),
    })
    new ARecord(this, 'Names', {
      zone: HostedZone.fromHostedZoneAttributes(this, 'Zone', {
        hostedZoneId: reach.hostedZoneId,
        zoneName: reach.domainName,
      }),
      recordName: `*.${reach.domainName}.`,
      target: RecordTarget.fromAlias(new LoadBalancerTarget(balancer)),
    })
  }

  /** `number` counts from 1 and orders the lanes. */
  add(number: number, name: string, group: AutoScalingGroup): void {
    const target = new ApplicationTargetGroup(this, `Lane${number}`, {
      vpc: this.#network.vpc,
      targetType: TargetType.INSTANCE,
      protocol: ApplicationProtocol.HTTP,
      port: agentPort,
      healthCheck: { path: healthPath, interval: Duration.seconds(10), healthyThresholdCount: 2 },
      // What runs goes on while the instance drains.
      deregistrationDelay: Duration.minutes(2),
    })
    group.attachToApplicationTargetGroup(target)
    this.#listener.addAction(`Lane${number}`, {
      priority: number,
      conditions: [ListenerCondition.hostHeaders([name])],
      action: ListenerAction.forward([target]),
    })
  }
}
