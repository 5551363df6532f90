// Kinds of values in answers: what clients decode strictly, said once.
import { Type } from 'typebox'

/** 32 bytes: contexts, applications, blobs, public keys, roots. */
export const Base58 = Type.String({ pattern: '^[1-9A-HJ-NP-Za-km-z]{32,44}$' })
/** 32 bytes: groups, namespaces, accounts, deltas. */
export const Hex32 = Type.String({ pattern: '^[0-9a-f]{64}$' })
export const Count = Type.Integer({ minimum: 0 })
export const NullData = Type.Object({ data: Type.Null() })
export const Nothing = Type.Object({}, { additionalProperties: false })

const Byte = Type.Integer({ minimum: 0, maximum: 255 })
export const ByteListOut = Type.Array(Byte)

export const Application = Type.Object({
  id: Base58,
  blob: Type.Object({ bytecode: Base58, compiled: Base58 }),
  size: Count,
  source: Type.String(),
  metadata: ByteListOut,
  /** `did:key` of whoever signed it: of bundles. */
  signer_id: Type.Optional(Type.String()),
  package: Type.Optional(Type.String()),
  version: Type.Optional(Type.String()),
  /** By name, where the code has names for them. */
  services: Type.Optional(Type.Record(Type.String(), Type.Object({ bytecode: Base58, compiled: Base58 }))),
})

export const ContextShape = Type.Object({
  id: Base58,
  applicationId: Base58,
  contextStateHash: Base58,
  serviceName: Type.Optional(Type.String()),
  dagHeads: Type.Optional(Type.Array(Type.Array(Byte, { minItems: 32, maxItems: 32 }))),
  applicationVersion: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
})

/** What states are compared by, beside their heads: equal ones have one state where all of this is equal. */
export const ContextStanding = Type.Object({
  /** Digest of the removals of members that the state was judged by; absent while some deltas are not. */
  removals: Type.Optional(Hex32),
  /** Hash of the checkpoint beneath the state; absent while nothing is pruned. */
  checkpoint: Type.Optional(Hex32),
  /** False: the member of this node was removed, and is brought up to nobody's state any more. */
  isMember: Type.Boolean(),
})

export const Joined = Type.Object({ contextId: Base58, memberPublicKey: Base58 })
