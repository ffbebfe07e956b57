/** Schemas that the operators' document names; others stand where they are used. */
import type * as z from 'zod'
import { ErrorCodeName } from '../../http/error-reply.ts'
import { AskedJob } from '../../jobs/order-job.ts'
import { CatalogueModel, ProfileManifest } from '../../protocol/catalogue.ts'
import { SignedAcceptance, SignedResult } from '../../protocol/job-report.ts'
import { Reference } from '../../spot-checks/reference.ts'
import { AccountDraft, AccountPatch } from '../accounts.ts'
import { IncidentDraft } from '../incidents.ts'
import { KeyPatch } from '../key-changes.ts'
import { KeyDraft } from '../keys.ts'
import { RouteQuestion } from '../route-explain.ts'
import {
  Account,
  AccountWithWallet,
  Adjustment,
  Credit,
  Entry,
  Key,
  KeyWithSecret,
} from './customers.ts'
import { RouteExplanation } from './explain.ts'
import { Deployment, JoinCode, Node, NodeWithGates, Reputation, SpotChecks } from './fleet.ts'
import { Earnings, Payout, ReferenceView, SoldModel, SpendLine, SpendList } from './market.ts'
import { AuditRecord, Incident, OperatorKey, OperatorKeyWithSecret } from './operators.ts'
import { AdminErrorObject, AdminErrorReply } from './row.ts'
import { Job, Rollout } from './work.ts'

export const adminSchemas: Readonly<Record<string, z.ZodType>> = {
  ErrorCode: ErrorCodeName,
  ErrorObject: AdminErrorObject,
  ErrorReply: AdminErrorReply,
  AccountDraft,
  AccountPatch,
  Account,
  AccountWithWallet,
  Entry,
  Credit,
  Adjustment,
  KeyDraft,
  KeyPatch,
  Key,
  KeyWithSecret,
  Node,
  NodeWithGates,
  Deployment,
  SpotChecks,
  JoinCode,
  Reputation,
  AskedJob,
  SignedAcceptance,
  SignedResult,
  Job,
  Rollout,
  CatalogueModel,
  ProfileManifest,
  SoldModel,
  Reference,
  ReferenceView,
  Earnings,
  Payout,
  SpendLine,
  SpendList,
  OperatorKey,
  OperatorKeyWithSecret,
  IncidentDraft,
  Incident,
  AuditRecord,
  RouteQuestion,
  RouteExplanation,
}
