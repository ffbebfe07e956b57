/** The request for images as clients send it. What is not named here is kept, and reaches no host. */
import * as z from 'zod'
import { ChatRequest } from './chat-request.ts'
import { limits } from './limits.ts'

const { model, provider, user } = ChatRequest.shape

const { least, most } = limits.drawnImagePixels

/** Width and height, or left to the runtime. */
const Size = z.union([
  z.literal('auto'),
  z
    .string()
    .regex(/^[1-9]\d{1,3}x[1-9]\d{1,3}$/, 'it must be "auto", or width and height as in 1024x1024')
    .refine((size) => size.split('x').every((side) => +side >= least && +side <= most), {
      error: `each side must have ${least} to ${most} pixels`,
    }),
])

export const ImageRequest = z.looseObject({
  model,
  prompt: z.string().min(1, 'it must not be empty').max(32_000),
  n: z.int().min(1).max(limits.choices).nullish(),
  size: Size.nullish(),
  quality: z.enum(['auto', 'low', 'medium', 'high', 'standard', 'hd']).nullish(),
  style: z.enum(['vivid', 'natural']).nullish(),
  response_format: z.enum(['b64_json', 'url']).nullish(),
  user,
  provider,
})
export type ImageRequest = z.infer<typeof ImageRequest>
