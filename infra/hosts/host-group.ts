/**
 * Instances of one kind: how each is launched, and the group that keeps as many of them as the operator asks
 * for, which is none until then. What is beyond `onDemand` is Spot.
 */
import { Duration, Validations } from 'aws-cdk-lib'
import {
  AutoScalingGroup,
  DefaultResult,
  LifecycleTransition,
  OnDemandAllocationStrategy,
  SpotAllocationStrategy,
} from 'aws-cdk-lib/aws-autoscaling'
import {
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  InstanceType,
  LaunchTemplate,
  LaunchTemplateHttpTokens,
  MachineImage,
  OperatingSystemType,
  UserData,
} from 'aws-cdk-lib/aws-ec2'
import type { IRole } from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'
import { acknowledged } from '../checks.ts'
import type { HostNetwork } from './host-network.ts'
import type { HostsConfig } from './hosts-config.ts'

/** Ubuntu with NVIDIA's driver, Docker, its GPU runtime and the AWS CLI; resolved as it is deployed. */
const imageParameter =
  '/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id'

/** What a terminating instance is left with; Spot leaves as much. */
const drainTime = Duration.minutes(2)

export type HostGroupProps = {
  readonly hosts: HostsConfig
  readonly network: HostNetwork
  readonly role: IRole
  readonly userData: string
  readonly max: number
  readonly onDemand: number
  /** Whether a replacement may stand beside the instance that it replaces. */
  readonly rebalances: boolean
}

export class HostGroup extends Construct {
  readonly group: AutoScalingGroup

  constructor(scope: Construct, id: string, props: HostGroupProps) {
    super(scope, id)
    const { hosts, network, max, onDemand } = props
    const launchTemplate = new LaunchTemplate(this, 'Launch', {
      machineImage: MachineImage.fromSsmParameter(imageParameter, {
        os: OperatingSystemType.LINUX,
      }),
      userData: UserData.custom(props.userData),
      role: props.role,
      securityGroup: network.hosts,
      associatePublicIpAddress: true,
      httpTokens: LaunchTemplateHttpTokens.REQUIRED,
      // A container on a bridge is one hop further away than the metadata service answers.
      httpPutResponseHopLimit: 1,
      instanceMetadataTags: false,
      blockDevices: [
        {
          deviceName: '/dev/sda1',
          volume: BlockDeviceVolume.ebs(hosts.volumeGb, {
            volumeType: EbsDeviceVolumeType.GP3,
            encrypted: true,
            iops: 6_000,
            throughput: 500,
            deleteOnTermination: true,
          }),
        },
      ],
    })
    this.group = new AutoScalingGroup(this, 'Group', {
      vpc: network.vpc,
      mixedInstancesPolicy: {
        launchTemplate,
        launchTemplateOverrides: hosts.instanceTypes.map((name) => ({
          instanceType: new InstanceType(name),
        })),
        instancesDistribution: {
          onDemandBaseCapacity: onDemand,
          onDemandPercentageAboveBaseCapacity: 0,
          onDemandAllocationStrategy: OnDemandAllocationStrategy.PRIORITIZED,
          spotAllocationStrategy: SpotAllocationStrategy.PRICE_CAPACITY_OPTIMIZED,
        },
      },
      // No desired capacity: it is the operator's, and no deployment sets it back.
      minCapacity: 0,
      maxCapacity: max,
      capacityRebalance: props.rebalances,
    })
    // Scaling in and replacing wait as Spot does; the agent sees its instance's state and drains.
    this.group.addLifecycleHook('Drain', {
      lifecycleTransition: LifecycleTransition.INSTANCE_TERMINATING,
      heartbeatTimeout: drainTime,
      defaultResult: DefaultResult.CONTINUE,
    })
    Validations.of(this.group).acknowledge(
      acknowledged.noScalingNotices,
      acknowledged.unreadableGroup,
    )
  }
}
