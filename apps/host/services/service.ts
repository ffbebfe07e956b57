/**
 * How to start the agent together with its machine. Printed and never installed: what starts at boot
 * is for the owner to decide. Nothing in it is secret; the files that the config names are.
 */
import { dirname, resolve } from 'node:path'
import { readConfig } from '../config.ts'
import { launchdLabel, launchdPlist } from './launchd.ts'
import { systemdUnit } from './systemd.ts'
import { windowsRecipe } from './windows.ts'

export type ServiceFacts = {
  /** Program and arguments, each as it is. */
  readonly command: readonly string[]
  /** Where the config lies. */
  readonly folder: string
}

/** Throws a StatedError for a config that could not be run. */
export async function serviceText(configPath: string): Promise<string> {
  await readConfig(configPath)
  const config = resolve(configPath)
  const program = resolve(process.argv[1] ?? '')
  const command = [process.execPath, program, 'run', '--config', config]
  return serviceFor(process.platform, { command, folder: dirname(config) })
}

export function serviceFor(platform: NodeJS.Platform, facts: ServiceFacts): string {
  switch (platform) {
    case 'win32':
      return windowsRecipe(facts)
    case 'darwin':
      return `${launchdPlist(facts)}<!-- Save it as ~/Library/LaunchAgents/${launchdLabel}.plist, then:
     launchctl bootstrap gui/$(id -u) ~/Library/LaunchAgents/${launchdLabel}.plist -->`
    default:
      return `${systemdUnit(facts)}# Save it as ~/.config/systemd/user/b3iq-host.service, then:
#   systemctl --user enable --now b3iq-host && loginctl enable-linger`
  }
}
