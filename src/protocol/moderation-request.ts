/** The moderations request as clients send it. What is not named here is kept, and reaches no host. */
import * as z from 'zod'
import { ChatRequest } from './chat-request.ts'
import { TextInputs } from './text-inputs.ts'

const { model, provider, user } = ChatRequest.shape

export const ModerationRequest = z.looseObject({ model, input: TextInputs, user, provider })
export type ModerationRequest = z.infer<typeof ModerationRequest>
