/** The table of `/v1`: every endpoint, in the order of the document. */
import type { EndpointTable } from '../../http/endpoint.ts'
import type { ReplyHeader } from '../reply-header-names.ts'
import type { GatewayAuth } from './auth.ts'
import { billingEndpoints } from './billing.ts'
import { chatEndpoints } from './chat.ts'
import { documentEndpoints } from './documents.ts'
import { keyEndpoints } from './key.ts'
import { modelEndpoints } from './models.ts'
import { quoteEndpoints } from './quote.ts'
import { requestEndpoints } from './requests.ts'
import { responsesEndpoints } from './responses.ts'
import { serviceEndpoints } from './service.ts'
import { textEndpoints } from './text.ts'

export const gatewayEndpoints: EndpointTable<GatewayAuth, ReplyHeader> = {
  ...chatEndpoints,
  ...textEndpoints,
  ...responsesEndpoints,
  ...documentEndpoints,
  ...modelEndpoints,
  ...requestEndpoints,
  ...quoteEndpoints,
  ...keyEndpoints,
  ...billingEndpoints,
  ...serviceEndpoints,
}
