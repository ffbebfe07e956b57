/** `b3iq verify` as one of the commands; what it does is in `verify.ts`. */
import { option, optionalArgument } from '../inputs.ts'
import { leaf } from '../leaf.ts'
import { ok } from '../outcome.ts'
import { targetOf } from '../settings.ts'
import { verify, verifyUsage } from './verify.ts'

export const verifyLeaf = leaf({
  name: 'verify',
  does: 'prove a receipt, or say what is wrong with it',
  more: verifyUsage,
  inputs: {
    target: optionalArgument('[receipt]', 'its hash, or a file of JSON'),
    keys: option('--keys <file>', 'take the published keys from a file'),
    salt: option('--salt <salt>', 'from the answer\'s final "b3iq" object'),
  },
  calls: ['GET /v1/receipts/:hash', 'GET /.well-known/b3iq/keys.json'],
  run: async ({ flags, world }, { target, keys, salt }) => {
    const known = await targetOf('gateway', flags, world)
    // A receipt in a file, with the keys in another, needs no gateway.
    if (!known.ok && flags.profile !== undefined) return known
    const place = known.ok ? known.value : undefined
    const named = {
      gateway: flags.gateway ?? place?.url,
      keys,
      // A public receipt is asked for without a key; the private part, which a salt proves, is not.
      'key-file': flags.keyFile ?? (salt === undefined ? undefined : place?.keyFile),
      salt,
    }
    const options = Object.entries(named).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}=${value}`],
    )
    const asked = [...(target === undefined ? [] : [target]), ...options]
    const outcome = await verify(flags.json ? [...asked, '--json'] : asked, world.readyFile)
    if (!outcome.ok) return outcome
    const { text, isVerified } = outcome.value
    return ok({ text, isBad: !isVerified })
  },
})
