/**
 * Bytes that are hashed or signed: canonical JSON (RFC 8785) behind a domain tag, so that a
 * signature over one kind of document can never be passed off as one over another.
 */
import { hash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { assert } from './assert.ts'

export type DomainTag =
  | 'b3iq:cancel:v1'
  | 'b3iq:claim:v1'
  | 'b3iq:node-receipt:v1'
  | 'b3iq:private:v1'
  | 'b3iq:proof:v1'
  | 'b3iq:benchmark:v1'
  | 'b3iq:busy:v1'
  | 'b3iq:receipt:v1'
  | 'b3iq:route-probe:v1'
  | 'b3iq:ticket:v1'
  | 'b3iq:ticket-key:v1'
  | 'b3iq:succession:v1'
  | 'b3iq:published-keys:v1'
  | 'b3iq:inventory:v1'
  | 'b3iq:host-facts:v1'
  | 'b3iq:rotation:v1'
  | 'b3iq:job:v1'
  | 'b3iq:job-acceptance:v1'
  | 'b3iq:job-result:v1'
  | 'b3iq:release:v1'

export function canonicalJson(value: unknown): string {
  const text = canonicalize(value)
  assert(text !== undefined, 'canonical JSON needs a JSON value')
  return text
}

/** The bytes of a signature: the tag, a line feed, the canonical JSON. */
export function taggedBytes(tag: DomainTag, value: unknown): Buffer {
  return Buffer.from(`${tag}\n${canonicalJson(value)}`, 'utf8')
}

/** SHA-256 over the tagged bytes, 64 hex digits. */
export function domainHash(tag: DomainTag, value: unknown): string {
  return sha256Hex(taggedBytes(tag, value))
}

export function sha256Hex(bytes: string | Uint8Array): string {
  return hash('sha256', bytes)
}
