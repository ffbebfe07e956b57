/**
 * The script that makes an instance a host, at its first boot. Every step may be done again; whatever is
 * fetched is pinned, an image by its digest and the agent by its checksum. The script starts nothing by
 * itself: systemd starts the runtime and the agent, with this boot and with every later one.
 */
import { tunnelPort } from '../../src/protocol/enrolment.ts'
import type { HostsConfig } from './hosts-config.ts'

export type HostScriptFacts = {
  readonly hosts: Pick<HostsConfig, 'images' | 'model' | 'gpusPerHost' | 'maxConcurrency'>
  readonly route:
    | { readonly kind: 'tunnel' }
    | { readonly kind: 'direct'; readonly url: string; readonly port: number }
  readonly ingestUrl: string
  readonly agent: { readonly bucket: string; readonly key: string; readonly sha256: string }
}

export function renderUserData(facts: HostScriptFacts): string {
  const { hosts, route, agent } = facts
  const { node, cloudflared } = hosts.images
  const programs = [
    take(node, 'node'),
    ...(route.kind === 'tunnel' && cloudflared !== undefined
      ? [take(cloudflared, 'cloudflared')]
      : []),
  ]
  return `#!/usr/bin/env bash
set -euo pipefail
umask 022

# A rehearsal gives folders of its own.
home="\${B3IQ_HOME:-/opt/b3iq}"
units="\${B3IQ_UNITS:-/etc/systemd/system}"

# The script runs at the first boot alone, so an instance whose boot failed would be billed for ever and serve
# nobody. It goes down, and its group launches another; ten minutes leave time to look.
trap '[ "$?" = 0 ] || shutdown -h +10 "b3iq: the first boot failed"' EXIT

# Registries and S3 fail now and then; five tries take some two minutes.
try() {
  local attempt
  for attempt in 1 2 3 4 5; do
    if "$@"; then return 0; fi
    sleep "$((attempt * 8))"
  done
  echo "b3iq: gave up: $*" >&2
  return 1
}

# take IMAGE PROGRAM: out of the image's /usr/local/bin, into ours.
take() {
  local container
  try docker pull --quiet "$1"
  container="$(docker create "$1")"
  docker cp "$container:/usr/local/bin/$2" "$home/bin/$2.new"
  docker rm "$container" >/dev/null
  chmod 0755 "$home/bin/$2.new"
  mv -f "$home/bin/$2.new" "$home/bin/$2"
}

id -u b3iq >/dev/null 2>&1 || useradd --system --home-dir "$home/data" --shell /usr/sbin/nologin b3iq
mkdir -p "$home/bin" "$home/data" "$units/b3iq-host.service.d"

${programs.join('\n')}
try aws s3 cp --no-progress ${quoted(`s3://${agent.bucket}/${agent.key}`)} "$home/bin/b3iq-host.mjs.new"
printf '%s  %s\\n' ${quoted(agent.sha256)} "$home/bin/b3iq-host.mjs.new" | sha256sum --check --status ||
  { echo 'b3iq: the agent in the bucket is not the one that was deployed' >&2; exit 1; }
mv -f "$home/bin/b3iq-host.mjs.new" "$home/bin/b3iq-host.mjs"

(
  umask 077
  cat >"$home/data/host.json.new" <<'B3IQ'
${JSON.stringify(agentConfig(facts), null, 2)}
B3IQ
)
mv -f "$home/data/host.json.new" "$home/data/host.json"
chown -R b3iq:b3iq "$home/data"
chmod 0700 "$home/data"

cat >"$units/b3iq-runtime.service" <<'B3IQ'
${runtimeUnit(facts.hosts)}B3IQ

"$home/bin/node" "$home/bin/b3iq-host.mjs" service --config "$home/data/host.json" \\
  >"$units/b3iq-host.service.new"
mv -f "$units/b3iq-host.service.new" "$units/b3iq-host.service"
cat >"$units/b3iq-host.service.d/ec2.conf" <<B3IQ
${agentDropIn(facts.ingestUrl)}B3IQ

systemctl daemon-reload
systemctl enable --now docker.service b3iq-runtime.service b3iq-host.service
`
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const take = (image: string, name: string): string => `take ${quoted(image)} ${name}`

/** Paths are as seen from the folder of the config. */
function agentConfig({ hosts, route }: HostScriptFacts) {
  return {
    machine: 'ec2',
    key_file: 'node.key',
    state_file: 'state.json',
    ...(route.kind === 'tunnel'
      ? {
          listen: { host: '127.0.0.1', port: tunnelPort },
          route: { kind: 'cloudflared_named', program: '../bin/cloudflared' },
        }
      : {
          listen: { host: '0.0.0.0', port: route.port },
          route: { kind: 'direct', url: route.url },
        }),
    mode: 'network',
    owner_limits: {
      max_concurrency: hosts.maxConcurrency,
      paid_enabled: true,
      // A release of the agent comes with a deployment.
      agent_update: 'off',
    },
    runtimes: [{ id: 'main', url: 'http://127.0.0.1:8000', kind: 'vllm' }],
  }
}

/**
 * On a network of its own, whose packets take one hop more than the metadata service answers: what serves
 * strangers' prompts cannot get the credentials of the instance.
 */
function runtimeUnit({ images, model, gpusPerHost, maxConcurrency }: HostScriptFacts['hosts']) {
  const run = [
    '/usr/bin/docker run --rm --name b3iq-runtime --gpus all --shm-size 8g',
    '--security-opt no-new-privileges --publish 127.0.0.1:8000:8000',
    '--volume b3iq-models:/root/.cache/huggingface',
    '--env VLLM_NO_USAGE_STATS=1 --env HF_HUB_DISABLE_TELEMETRY=1',
    images.runtime,
    `--model ${model.repository} --revision ${model.revision}`,
    `--served-model-name ${model.repository} --max-model-len ${model.contextLength}`,
    `--tensor-parallel-size ${gpusPerHost} --max-num-seqs ${maxConcurrency}`,
  ]
  return `[Unit]
Description=B3IQ runtime
Wants=network-online.target
After=network-online.target docker.service
Requires=docker.service
StartLimitIntervalSec=0

[Service]
ExecStartPre=-/usr/bin/docker rm --force b3iq-runtime
ExecStart=${run.join(' \\\n  ')}
ExecStop=/usr/bin/docker stop --time 10 b3iq-runtime
# The first start pulls the image and the model.
TimeoutStartSec=infinity
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
`
}

/**
 * What differs from the unit that the agent prints for any Linux. It enrols before each start, which changes
 * nothing where it is enrolled; where that fails the agent runs as it was enrolled before, or is started
 * again later. Told that EC2 takes the machine (75), it stays down.
 */
const agentDropIn = (ingestUrl: string): string => `[Unit]
After=b3iq-runtime.service

[Service]
User=b3iq
ExecStartPre=-"$home/bin/node" "$home/bin/b3iq-host.mjs" enroll --config "$home/data/host.json" --ingest "${ingestUrl}"
RestartSteps=6
RestartMaxDelaySec=120
RestartPreventExitStatus=75
`
