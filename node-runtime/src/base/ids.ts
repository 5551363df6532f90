// Branded identifiers. Inside the node every 32-byte id is 64 lower-case hex characters, whose text order is the
// byte order; base58 exists only at the HTTP edge. Only the parsers here make branded values.
import { type Bytes, fromBase58, fromHex, toBase58, toHex } from './bytes.ts'
import { CodedError } from './errors.ts'

declare const brand: unique symbol
type Brand<Name extends string> = string & { readonly [brand]: Name }

/** One instance of an application, shared by the members of its group. */
export type ContextId = Brand<'ContextId'>
/** A delta's stamp, 8 bytes big-endian, and 24 bytes of the hash of its signed body: in canonical order as it is. */
export type DeltaId = Brand<'DeltaId'>
/** A namespace is its root group: the id is valid as a `GroupId` too. */
export type NamespaceId = Brand<'GroupId'> & Brand<'NamespaceId'>
export type GroupId = Brand<'GroupId'>
/** SHA-256 of a governance operation's signed body. */
export type OpId = Brand<'OpId'>
export type ProposalId = Brand<'ProposalId'>
/** Content address of an application: the same bytes have the same id on every node. */
export type ApplicationId = Brand<'ApplicationId'>
/** SHA-256 of a blob's bytes. */
export type BlobId = Brand<'BlobId'>
/** Ed25519 public key of a node's identity; signs deltas and operations. */
export type PublicKey = Brand<'PublicKey'>
/** X25519 public key that group keys are sealed to. */
export type KemKey = Brand<'KemKey'>
/** The person behind a node: SHA-256 over a domain tag and the identity's public key. */
export type AccountId = Brand<'AccountId'>
/** SHA-256 of a group key. */
export type KeyId = Brand<'KeyId'>
/** Merkle root of a context's state. */
export type RootHash = Brand<'RootHash'>

export type Id =
  | ContextId
  | DeltaId
  | NamespaceId
  | GroupId
  | OpId
  | ProposalId
  | ApplicationId
  | BlobId
  | PublicKey
  | KemKey
  | AccountId
  | KeyId
  | RootHash

export const ID_LENGTH = 32

export class IdError extends CodedError<'ID_INVALID'> {}

const HEX_ID = /^[0-9a-f]{64}$/

/** From 32 bytes. Throws IdError for any other length. */
export function idFromBytes<T extends Id>(bytes: Bytes): T {
  if (bytes.byteLength !== ID_LENGTH) {
    throw new IdError('ID_INVALID', `expected an id of ${ID_LENGTH} bytes, got ${bytes.byteLength}`)
  }
  return toHex(bytes) as T
}

/** From 64 hex characters, either case. Throws IdError. */
export function parseHexId<T extends Id>(text: string): T {
  const lower = text.toLowerCase()
  if (!HEX_ID.test(lower)) {
    throw new IdError('ID_INVALID', `expected an id of 64 hex characters, got ${JSON.stringify(text.slice(0, 80))}`)
  }
  return lower as T
}

/** From base58 of exactly 32 bytes. Throws IdError. */
export function parseBase58Id<T extends Id>(text: string): T {
  let bytes: Bytes
  try {
    if (text.length > 64) throw new SyntaxError('too long')
    bytes = fromBase58(text)
  } catch (cause) {
    throw new IdError('ID_INVALID', `expected a base58 id, got ${JSON.stringify(text.slice(0, 80))}`, { cause })
  }
  return idFromBytes<T>(bytes)
}

const STAMP_DIGITS = 16

/** The stamp that the delta of this id has; a parent's, too, where no more than its id is known. */
export function stampOf(id: DeltaId): bigint {
  return BigInt(`0x${id.slice(0, STAMP_DIGITS)}`)
}

export function idBytes(id: Id): Bytes {
  return fromHex(id)
}

export function idBase58(id: Id): string {
  return toBase58(fromHex(id))
}
