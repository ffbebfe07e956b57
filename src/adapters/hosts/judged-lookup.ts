/**
 * A name's addresses, judged where they are resolved: what passes here is what the socket dials, and
 * nothing resolves the name a second time in between.
 */
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'

export class ForbiddenAddressError extends Error {}

/** Refuses a name if any of its addresses may not be dialled: which one is dialled is not ours to say. */
export function judgedLookup(
  lookup: LookupFunction,
  mayDial: (address: string) => boolean,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '')
      const addresses: LookupAddress[] = Array.isArray(found) ? found : []
      const [first] = addresses
      if (!first || !addresses.every(({ address }) => mayDial(address))) {
        return callback(new ForbiddenAddressError('the name leads where we never dial'), '')
      }
      if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}
