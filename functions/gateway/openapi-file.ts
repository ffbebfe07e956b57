/**
 * The document of the surface, read when somebody asks for it: a start neither reads nor parses it. It lies
 * beside the bundle on Lambda, and under `docs/` in a checkout.
 */
import { readFile } from 'node:fs/promises'
import * as z from 'zod'

const places = ['./openapi.json', '../../docs/api/openapi.json']
const Missing = z.object({ code: z.literal('ENOENT') })

export async function readOpenApi(): Promise<string> {
  for (const place of places) {
    try {
      return await readFile(new URL(place, import.meta.url), 'utf8')
    } catch (error) {
      if (!Missing.safeParse(error).success) throw error
    }
  }
  throw new Error(`there is no document at ${places.join(' or ')}`)
}
