// A signed governance operation.
import type { Bytes } from '../base/bytes.ts'
import { taggedHash } from '../base/hash.ts'
import { idBytes, idFromBytes, type NamespaceId, type OpId, type PublicKey } from '../base/ids.ts'
import { type SigningKey, verify } from '../base/keys.ts'
import type { OpBody, Operation } from '../base/operations.ts'
import { verifyAttestation } from './attestation.ts'
import { message } from './codec.ts'
import { verifyInvitation } from './invitation.ts'
import { OP_BYTES_MAX, PARENTS_MAX, SIGNATURE_BYTES } from './limits.ts'
import { opBody } from './op-body.ts'
import { bytes, id, idSet, record, u64 } from './shape.ts'

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

const bodyMessage = message(
  'op-body/1',
  record({
    namespaceId: id<NamespaceId>(),
    author: id<PublicKey>(),
    parents: idSet<OpId>(PARENTS_MAX),
    hlc: u64(),
    body: opBody,
  }),
  OP_BYTES_MAX,
)
// The body travels as the bytes that were hashed.
const opMessage = message(
  'op/1',
  record({ body: bytes(OP_BYTES_MAX), signature: bytes(SIGNATURE_BYTES, SIGNATURE_BYTES) }),
  OP_BYTES_MAX,
)

/** Throws WireError when the body breaks a bound. */
export function signOp({ namespaceId, parents, hlc, body, signingKey }: SignOpInput): SignedOp {
  const facts = { namespaceId, author: signingKey.publicKey, parents, hlc, body }
  const opId = idOf(bodyMessage.encode(facts))
  return { ...facts, id: opId, signature: signingKey.sign(idBytes(opId)) }
}

/**
 * Checks the signature, and that of the invitation or the attestation that the body holds. The id was computed by whoever
 * made the value.
 */
export function verifyOp({ id: opId, namespaceId, author, body, signature }: SignedOp): boolean {
  if (!verify(author, idBytes(opId), signature)) return false
  if (body.kind === 'member_joined') return verifyInvitation(body.invitation)
  if (body.kind !== 'tee_admitted') return true
  return verifyAttestation({ namespaceId, verifier: author, member: body.member }, body.attestation)
}

export function encodeOp(op: SignedOp): Bytes {
  const { namespaceId, author, parents, hlc, body } = op
  return opMessage.encode({
    body: bodyMessage.encode({ namespaceId, author, parents, hlc, body }),
    signature: op.signature,
  })
}

/** Throws WireError. The id is computed from the bytes; signatures are not checked. */
export function decodeOp(bytes: Bytes): SignedOp {
  const { body, signature } = opMessage.decode(bytes)
  return { ...bodyMessage.decode(body), id: idOf(body), signature }
}

function idOf(body: Bytes): OpId {
  return idFromBytes<OpId>(taggedHash('calbox/op/1', body))
}
