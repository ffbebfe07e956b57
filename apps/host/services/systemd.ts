/** Starts the agent with a Linux machine: a user unit or, copied to /etc/systemd/system, a system one. */
import type { ServiceFacts } from './service.ts'

export const systemdUnit = ({ command, folder }: ServiceFacts): string => `[Unit]
Description=B3IQ host agent
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${command.map(quoted).join(' ')}
WorkingDirectory=${escaped(folder)}
Restart=always
RestartSec=5
# Long enough for what runs to end, the last heartbeat and the tunnel.
TimeoutStopSec=30
KillMode=mixed
UMask=0077
NoNewPrivileges=true
PrivateTmp=true
ProtectSystem=full
LimitNOFILE=65536

[Install]
WantedBy=default.target
`

/** `%` and `$` mean something to systemd, in quotes too. */
const escaped = (text: string): string => text.replaceAll('%', '%%')

const quoted = (text: string): string =>
  `"${escaped(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('$', '$$$$')}"`
