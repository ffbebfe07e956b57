/**
 * Starts the agent with a Windows machine, by its own task scheduler: a console program is no Windows
 * service, and a wrapper would be one more program to trust.
 */
import type { ServiceFacts } from './service.ts'

export const windowsRecipe = ({
  command,
  folder,
}: ServiceFacts): string => `# PowerShell, as the user whom the agent runs as. It starts when that user logs on.
$action = New-ScheduledTaskAction -Execute ${quoted(command[0] ?? '')} \`
  -Argument ${quoted(command.slice(1).map(argument).join(' '))} \`
  -WorkingDirectory ${quoted(folder)}
$trigger = New-ScheduledTaskTrigger -AtLogOn -User $env:USERNAME
$settings = New-ScheduledTaskSettingsSet -RestartCount 999 -RestartInterval (New-TimeSpan -Minutes 1) \`
  -ExecutionTimeLimit ([TimeSpan]::Zero) -AllowStartIfOnBatteries -MultipleInstances IgnoreNew
Register-ScheduledTask -TaskName 'B3IQ host agent' -Action $action -Trigger $trigger -Settings $settings
# Key and state are for this user alone:
icacls ${quoted(folder)} /inheritance:r /grant:r "$($env:USERNAME):(OI)(CI)F"
`

/** In single quotes PowerShell reads nothing but a doubled quote. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

const argument = (text: string): string => `"${text.replaceAll('"', '\\"')}"`
