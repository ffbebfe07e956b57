/**
 * Which gateway and admin API are asked, and with which keys. Keys are named by their files alone. A
 * key of a profile or of the laptop stack goes to that place's own addresses and nowhere else.
 */
import { dirname, join, resolve } from 'node:path'
import * as z from 'zod'
import { checkedBaseUrl, type Surface } from './base-url.ts'
import { isThere, readApiKey, readDocument } from './local-files.ts'
import { type Outcome, ok, refuse } from './outcome.ts'
import type { World } from './world.ts'

export type Flags = {
  readonly gateway?: string | undefined
  readonly admin?: string | undefined
  readonly keyFile?: string | undefined
  readonly operatorKeyFile?: string | undefined
  readonly profile?: string | undefined
}

/** Where an API is, and the file of the key for it. */
export type Target = {
  readonly url: string
  readonly keyFile: string | undefined
}

type Place = {
  readonly gatewayUrl?: string | undefined
  readonly adminUrl?: string | undefined
  readonly keyFile?: string | undefined
  readonly operatorKeyFile?: string | undefined
  /** Its keys go to its own addresses only. */
  readonly isBound: boolean
}

const Profile = z.strictObject({
  gateway_url: z.string().optional(),
  admin_url: z.string().optional(),
  key_file: z.string().optional(),
  operator_key_file: z.string().optional(),
})

const ConfigFile = z.strictObject({
  default_profile: z.string().optional(),
  profiles: z.record(z.string(), Profile).default({}),
})

/** A laptop stack that runs, with all that it tells of itself to this program. */
const ReadyFile = z.object({
  gatewayUrl: z.url(),
  adminUrl: z.url(),
  keyFile: z.string(),
  adminKeyFile: z.string(),
  model: z.string(),
})

type Surroundings = Pick<World, 'env' | 'homeDir' | 'readyFile'>

export function configFolder({ env, homeDir }: Pick<World, 'env' | 'homeDir'>): string {
  return join(env.XDG_CONFIG_HOME || join(homeDir, '.config'), 'b3iq')
}

/** The first place that names the surface: flags, environment, profile, laptop stack. */
export async function targetOf(
  surface: Surface,
  flags: Flags,
  world: Surroundings,
): Promise<Outcome<Target>> {
  const places = await placesOf(flags, world)
  if (!places.ok) return places
  const [urlName, keyName] =
    surface === 'gateway'
      ? (['gatewayUrl', 'keyFile'] as const)
      : (['adminUrl', 'operatorKeyFile'] as const)
  const home = places.value.find((place) => place[urlName] !== undefined)
  const named = home?.[urlName]
  if (home === undefined || named === undefined) return refuse(missing[surface])
  const keyFile = places.value.find(
    (place) => place[keyName] !== undefined && (place === home || !place.isBound),
  )?.[keyName]
  const url = checkedBaseUrl(named, surface, { sendsKey: keyFile !== undefined })
  return url.ok ? ok({ url: url.value, keyFile }) : url
}

const missing = {
  gateway:
    'No gateway is known: start one with "npm start", or name one with --gateway URL, B3IQ_GATEWAY_URL or a profile.',
  admin:
    'No admin API is known: start one with "npm start", or name one with --admin URL, B3IQ_ADMIN_URL or a profile.',
} as const

const keyMissing = {
  gateway: 'This needs an API key: name its file with --key-file, B3IQ_KEY_FILE or a profile.',
  admin:
    'This needs an operator key: name its file with --operator-key-file, B3IQ_OPERATOR_KEY_FILE or a profile.',
} as const

export async function readKeyOf({ keyFile }: Target, surface: Surface): Promise<Outcome<string>> {
  return keyFile === undefined ? refuse(keyMissing[surface]) : readApiKey(keyFile)
}

/** The model of the laptop stack, where that is the gateway in question. */
export async function laptopModel(
  { url }: Target,
  world: Surroundings,
): Promise<string | undefined> {
  const ready = await readReady(world.readyFile)
  return ready !== undefined && ready.gatewayUrl === url ? ready.model : undefined
}

async function placesOf(flags: Flags, world: Surroundings): Promise<Outcome<readonly Place[]>> {
  const { env } = world
  const profile = await profileOf(flags.profile, world)
  if (!profile.ok) return profile
  const ready = await readReady(world.readyFile)
  const fromFlags: Place = {
    gatewayUrl: flags.gateway,
    adminUrl: flags.admin,
    keyFile: flags.keyFile,
    operatorKeyFile: flags.operatorKeyFile,
    isBound: false,
  }
  const fromEnv: Place = {
    gatewayUrl: env.B3IQ_GATEWAY_URL || undefined,
    adminUrl: env.B3IQ_ADMIN_URL || undefined,
    keyFile: env.B3IQ_KEY_FILE || undefined,
    operatorKeyFile: env.B3IQ_OPERATOR_KEY_FILE || undefined,
    isBound: false,
  }
  const fromLaptop: Place | undefined = ready && {
    gatewayUrl: ready.gatewayUrl,
    adminUrl: ready.adminUrl,
    keyFile: ready.keyFile,
    operatorKeyFile: ready.adminKeyFile,
    isBound: true,
  }
  // A profile that was asked for by name is meant; one that only stands there gives way.
  const ranked =
    flags.profile === undefined
      ? [fromFlags, fromEnv, profile.value, fromLaptop]
      : [fromFlags, profile.value, fromEnv]
  return ok(ranked.filter((place) => place !== undefined))
}

async function profileOf(
  asked: string | undefined,
  world: Surroundings,
): Promise<Outcome<Place | undefined>> {
  const file = join(configFolder(world), 'config.json')
  if (!(await isThere(file))) {
    return asked === undefined
      ? ok(undefined)
      : refuse(`There is no profile "${asked}": ${file} does not exist.`)
  }
  const config = await readDocument(file, ConfigFile, 'a config file of b3iq')
  if (!config.ok) return config
  const { profiles, default_profile } = config.value
  const name = asked ?? default_profile
  if (name === undefined) return ok(undefined)
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (profile === undefined) {
    const known = Object.keys(profiles).join(', ') || 'none'
    return refuse(`There is no profile "${name}" in ${file}; it has: ${known}.`)
  }
  const at = (path: string | undefined) => path && fileOf(path, file, world)
  return ok({
    gatewayUrl: profile.gateway_url,
    adminUrl: profile.admin_url,
    keyFile: at(profile.key_file),
    operatorKeyFile: at(profile.operator_key_file),
    isBound: true,
  })
}

/** Beside the config file, unless it is absolute or begins in the home folder. */
const fileOf = (path: string, configFile: string, { homeDir }: Surroundings): string =>
  path.startsWith('~/') ? join(homeDir, path.slice(2)) : resolve(dirname(configFile), path)

async function readReady(file: string): Promise<z.infer<typeof ReadyFile> | undefined> {
  const ready = await readDocument(file, ReadyFile, 'a ready file')
  return ready.ok ? ready.value : undefined
}
