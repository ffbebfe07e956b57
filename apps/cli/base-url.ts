/** The address of an API as people give it, checked before a key goes there. */
import { type Outcome, ok, refuse } from './outcome.ts'

export type Surface = 'gateway' | 'admin'

const surfaces = {
  gateway: { called: 'a gateway', root: '/v1' },
  admin: { called: 'an admin API', root: '/admin' },
} as const satisfies Record<Surface, { readonly called: string; readonly root: string }>

/** With or without the root of the API's paths; without it, and without a slash at the end, in the outcome. */
export function checkedBaseUrl(
  text: string,
  surface: Surface,
  { sendsKey }: { readonly sendsKey: boolean },
): Outcome<string> {
  const { called, root } = surfaces[surface]
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash) {
    return refuse(`"${text}" is not the URL of ${called}: write it as https://HOST.`)
  }
  if (sendsKey && url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return refuse(
      `An API key is not sent over plain http: write the ${surface} as https://${url.host}.`,
    )
  }
  const path = url.pathname.replace(/\/+$/, '')
  return ok(`${url.origin}${path.endsWith(root) ? path.slice(0, -root.length) : path}`)
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
