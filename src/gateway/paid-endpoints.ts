/** All that is sold, in the order in which the contract lists it. */
import { chatEndpoint } from './chat.ts'
import { type PaidEndpoint, seal } from './inference.ts'

export const paidEndpoints: readonly PaidEndpoint[] = [seal(chatEndpoint)]
