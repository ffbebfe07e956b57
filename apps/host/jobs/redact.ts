/** Takes secrets out of what leaves the host in a result: by the name they have and by their looks. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

const secretName = /token|secret|password|passwd|authorization|cookie|credential|private|api_?key/i
const replaced = '[redacted]'

const secretLooks: readonly RegExp[] = [
  /-----BEGIN [^-]+-----[\s\S]*?(-----END [^-]+-----|$)/g,
  /\b(?:Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi,
  /\bb3iq-join-[A-Za-z0-9_-]+/g,
  /\b(?:sk|rk|pk|op|hf|ghp|gho|xoxb|AKIA)[-_]?[A-Za-z0-9_-]{16,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){0,4}/g,
  /(?<=:\/\/)[^/\s:@]+:[^/\s@]+(?=@)/g,
  /(?<=[?&](?:token|key|secret|password|sig|signature)=)[^&\s]+/gi,
]

export function redact(value: Json): Json {
  if (typeof value === 'string') return redactText(value)
  if (Array.isArray(value)) return value.map(redact)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      secretName.test(name) && canHide(inner) ? replaced : redact(inner),
    ]),
  )
}

const canHide = (value: Json): boolean =>
  typeof value === 'string' || (typeof value === 'object' && value !== null)

export const redactText = (text: string): string =>
  secretLooks.reduce((rest, look) => rest.replace(look, replaced), text)
