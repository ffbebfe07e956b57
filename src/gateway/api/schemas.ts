/** Schemas that the document names; others stand where they are used. */
import type * as z from 'zod'
import { ErrorCodeName } from '../../http/error-reply.ts'
import { ChatMessage, ChatRequest } from '../../protocol/chat-request.ts'
import { Tool, ToolChoice } from '../../protocol/chat-tools.ts'
import { CompletionRequest } from '../../protocol/completion-request.ts'
import { EmbeddingRequest } from '../../protocol/embedding-request.ts'
import { ImageRequest } from '../../protocol/image-request.ts'
import { ModerationRequest } from '../../protocol/moderation-request.ts'
import { ReceiptBody, ReceiptPrivate } from '../../protocol/receipt.ts'
import { ResponsesEvent } from '../../protocol/responses-event.ts'
import { OutputItem } from '../../protocol/responses-item.ts'
import { ResponseObject } from '../../protocol/responses-object.ts'
import { ResponsesRequest } from '../../protocol/responses-request.ts'
import { BillingAccount, BillingPolicy, UsageEntry, UsageList } from './billing.ts'
import { ChatCompletion, ChatCompletionChunk } from './chat-reply.ts'
import { Embeddings, Images, Moderations, Transcription } from './document-replies.ts'
import { TranscriptionForm } from './documents.ts'
import { ErrorObject, ErrorReply } from './error-reply.ts'
import { ShownKey } from './key.ts'
import { Model, ModelDetail, ModelList, RouteVariant } from './models.ts'
import { Quote } from './quote.ts'
import { Cancellation, Receipt } from './requests.ts'
import { EndedResponse } from './responses.ts'
import { PublishedKeys } from './service.ts'
import { B3iqSummary, Usage } from './summary.ts'
import { TextCompletion, TextCompletionChunk } from './text.ts'

export const gatewaySchemas: Readonly<Record<string, z.ZodType>> = {
  ErrorCode: ErrorCodeName,
  ErrorObject,
  ErrorReply,
  ChatRequest,
  ChatMessage,
  ProviderRules: ChatRequest.shape.provider.unwrap().unwrap(),
  Tool,
  ToolChoice,
  ChatCompletion,
  ChatCompletionChunk,
  CompletionRequest,
  TextCompletion,
  TextCompletionChunk,
  ResponsesRequest,
  Response: EndedResponse,
  ResponseObject,
  ResponsesEvent,
  OutputItem,
  EmbeddingRequest,
  Embeddings,
  ModerationRequest,
  Moderations,
  ImageRequest,
  Images,
  TranscriptionForm,
  Transcription,
  Usage,
  B3iqSummary,
  Model,
  ModelList,
  ModelDetail,
  RouteVariant,
  Receipt,
  ReceiptBody,
  ReceiptPrivate,
  Cancellation,
  BillingAccount,
  BillingPolicy,
  UsageEntry,
  UsageList,
  PublishedKeys,
  Quote,
  Key: ShownKey,
}
