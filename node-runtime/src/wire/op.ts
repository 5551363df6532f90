// A signed governance operation.
import type { Bytes } from '../base/bytes.ts'
import type { NamespaceId, OpId } from '../base/ids.ts'
import type { SigningKey } from '../base/keys.ts'
import type { OpBody, Operation } from '../base/operations.ts'

export interface SignedOp extends Operation {
  /** The author's, over the id. */
  readonly signature: Bytes
}

export interface SignOpInput {
  readonly namespaceId: NamespaceId
  readonly parents: readonly OpId[]
  readonly hlc: bigint
  readonly body: OpBody
  readonly signingKey: SigningKey
}

export declare function signOp(input: SignOpInput): SignedOp
/** Checks the signature, and for `member_joined` the invitation's too. */
export declare function verifyOp(op: SignedOp): boolean
export declare function encodeOp(op: SignedOp): Bytes
export declare function decodeOp(bytes: Bytes): SignedOp
