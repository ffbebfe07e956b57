/**
 * GPU hosts of the operator's own, where the stage file asks for them. Deployed, there are none: groups start at
 * 0 instances and only a load balancer, where there is one, costs anything.
 */
import { type App, CfnOutput, Stack } from 'aws-cdk-lib'
import { type IRole, Policy } from 'aws-cdk-lib/aws-iam'
import { agentAsset } from '../hosts/agent-asset.ts'
import { HostGroup } from '../hosts/host-group.ts'
import { HostNetwork } from '../hosts/host-network.ts'
import { type HostsConfig, laneNames } from '../hosts/hosts-config.ts'
import { agentPort, Lanes } from '../hosts/lanes.ts'
import { type HostScriptFacts, renderUserData } from '../hosts/user-data.ts'

export type HostsStackProps = {
  readonly hosts: HostsConfig
  readonly ingestUrl: string
  readonly launchRole: IRole
}

export class HostsStack extends Stack {
  constructor(scope: App, id: string, { hosts, ingestUrl, launchRole: role }: HostsStackProps) {
    super(scope, id, { description: 'B3IQ: GPU hosts of the operator' })
    const { agent, read } = agentAsset(this, 'Agent')
    new Policy(this, 'ReadAgent', { roles: [role], statements: [read] })
    const network = new HostNetwork(this, 'Network', hosts)
    const common = { hosts, network, role }
    const script = (route: HostScriptFacts['route']) =>
      renderUserData({ hosts, route, ingestUrl, agent })

    if (hosts.reach.kind === 'tunnel') {
      const { group } = new HostGroup(this, 'Hosts', {
        ...common,
        userData: script({ kind: 'tunnel' }),
        max: hosts.hostsMax,
        onDemand: hosts.onDemandHosts,
        rebalances: true,
      })
      new CfnOutput(this, 'GroupName', { value: group.autoScalingGroupName })
      return
    }
    const lanes = new Lanes(this, 'Lanes', { network, reach: hosts.reach })
    for (const [index, name] of laneNames(hosts).entries()) {
      const number = index + 1
      const { group } = new HostGroup(this, `Host${number}`, {
        ...common,
        userData: script({ kind: 'direct', url: `https://${name}`, port: agentPort }),
        max: 1,
        onDemand: number <= hosts.onDemandHosts ? 1 : 0,
        rebalances: false,
      })
      lanes.add(number, name, group)
      new CfnOutput(this, `GroupName${number}`, { value: group.autoScalingGroupName })
    }
  }
}
