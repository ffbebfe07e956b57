/** The shapes of identifiers. Ids made by us sort by time; ids of nodes follow from their key. */
import * as z from 'zod'

/** 128 bits: the first of its characters has three of them. */
export const ulid = '[0-7][0-9A-HJKMNP-TV-Z]{25}'

/** One per paid request: it is the request's id as well, and never comes back. */
export const HoldId = z.string().regex(new RegExp(`^${ulid}$`))
export const AccountId = z.string().regex(new RegExp(`^acct_${ulid}$`))
export const KeyId = z.string().regex(new RegExp(`^key_${ulid}$`))
export const AuditId = z.string().regex(new RegExp(`^audit_${ulid}$`))
export const IncidentId = z.string().regex(new RegExp(`^inc_${ulid}$`))
export const NodeId = z.string().regex(/^n_[a-z2-7]{26}$/)
/** As the operator names owners: a mail address will do. */
export const OwnerId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}$/, 'must be 1 to 64 letters, digits, "._@:-"')
/** Model ids may contain slashes, as in `maker/model`. */
export const ModelId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/)
export const ProfileId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,159}$/)
/** As fine as its operator tells it: `eu`, `eu-west-1`. */
export const Region = z.string().regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9 and "-"')
export const Sha256Hex = z.string().regex(/^[0-9a-f]{64}$/)

/**
 * What identifies a model build: `sha256:<hex>` where bytes were hashed, `name:<text>` where the
 * runtime tells no more than a name. The prefix keeps the weaker claim visible everywhere.
 */
export const ArtifactDigest = z.string().regex(/^(sha256:[0-9a-f]{64}|name:[\x21-\x7e]{1,120})$/)
