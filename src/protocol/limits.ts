/** Every bound that callers can meet, in one place, each with its reason. */
export const limits = {
  /** Function URLs take 6 MB; base64 of images and our own headers must fit beside it. */
  requestBodyBytes: 4 * 1024 * 1024,
  /** An error, or a text in one JSON reply, of a host is read no further than this. */
  hostReplyBytes: 4 * 1024 * 1024,
  /** Four pictures of 1024 x 1024 pixels as base64, or 256 vectors of 3,072 numbers. */
  hostDocumentBytes: 16 * 1024 * 1024,
  /** A claim in its envelope, at its longest: what an agent adds to a reply that is one document. */
  claimBytes: 4 * 1024,
  /** One SSE event of a host; a longer one is malformed. */
  hostEventBytes: 1024 * 1024,
  /** A whole reply of a host: 100,000 tokens, each with five log-probabilities. */
  hostBodyBytes: 64 * 1024 * 1024,
  /** Of every kind and at every depth: half a million small ones take a second to check. */
  jsonValues: 100_000,
  /** Messages in one request: far above any real conversation, below what parsing notices. */
  messages: 4096,
  /** Of a request, settling included; a Lambda function lives at most 900 s. */
  deadlineMs: 840_000,
  /** What a hold outlives that deadline by: longer, and a customer's money is held for nothing. */
  leaseMarginMs: 600_000,
  heartbeatBytes: 16 * 1024,
  inventoryBytes: 64 * 1024,
  /** A crashed gateway leaves a host a claim for each of its slots; more come in further batches. */
  lateClaimsPerBatch: 100,
  /** A hundred tickets with their claims, each at its longest: 3 KB. */
  lateClaimBytes: 384 * 1024,
  modelsPerNode: 64,
  gpusPerNode: 16,
  runtimesPerNode: 8,
  /** Of one node, not yet at their end: bounds what a beat may have to read. */
  jobsOpenPerNode: 16,
  jobResultBytes: 64 * 1024,
  /** A result at its longest in its envelope. */
  jobReportBytes: 72 * 1024,
  /** Nodes of one rollout; its document stays one item. */
  rolloutNodes: 1000,
  rolloutsActive: 16,
  /** Signed jobs in one heartbeat reply, and jobs that run at once on one node. */
  jobsPerBeat: 4,
  /** Completion window held when the client names none. */
  defaultMaxTokens: 4096,
  /** Below this a clamped window would be no answer: refuse with 402 instead. */
  minAffordableTokens: 64,
  /** Choices per request; each multiplies the hold. */
  choices: 8,
  /** As OpenAI's. */
  toolsPerRequest: 128,
  toolCallsPerMessage: 128,
  /** A schema of a tool or of an answer; OpenAI takes 5,000 properties in 10 levels of objects. */
  jsonSchema: { depthMax: 64, valuesMax: 20_000 },
  logitBiases: 1024,
  /** Decoded; base64 of one such image fills the body. */
  imageBytes: 3 * 1024 * 1024,
  imagesPerRequest: 16,
  /** Of each side: what a host decodes is bounded, however small its file is. */
  imagePixels: 8192,
  /** Of each side of an image that is asked for: 2048 each way is 16 times the usual work. */
  drawnImagePixels: { least: 64, most: 2048 },
  /** Texts in one request for embeddings or moderations; what they become must fit into one reply. */
  inputsPerRequest: 256,
  /** Of a recording: the request waits for the whole of its text. */
  audioSeconds: 3_600,
  /** Of a form, its file included: OpenAI's has eight. */
  formFields: 32,
  /** Hosts tried for one request, the first included. */
  candidatesPerRequest: 3,
  candidatesPerShard: 32,
  /** Open holds per wallet: keeps the wallet item small and the exposure bounded. */
  openHolds: 64,
  /** Each carries its counters on the wallet item. */
  keysWithLimitsPerWallet: 32,
  /** Each is a dimension of the spend that is summed up for it. */
  tagsPerAccount: 16,
  /** An old secret beside the new one: a week covers the slowest of clients' releases. */
  secretGraceSec: 7 * 86_400,
  /** `Retry-After` above a minute is ignored by the OpenAI SDKs. */
  retryAfterSec: 60,
  /** As Stripe's: enough for any id that a client makes. */
  idempotencyKeyChars: 255,
  /** Request, state before and state after a change: three of them, escaped, fit into one item. */
  auditDocumentBytes: 64 * 1024,
  /** Of an audit's page: a month. */
  auditDays: 31,
  /** At a time: the list of them is one item that every gateway reads. */
  incidentsActive: 64,
  /** An incident that nobody looks at any more ends by itself. */
  incidentDays: 30,
  /** Each pass over the fleet reads them all, and one list shows them. */
  catalogueModels: 256,
  /** Active at a time: operators are people and a few jobs. */
  operatorKeys: 100,
  pageSize: 100,
} as const
