// Invitations: what is signed, and the checks that need bytes. The HTTP form is converted at the server's edge.
import type { Bytes } from '../base/bytes.ts'
import { taggedHash } from '../base/hash.ts'
import type { GroupId, NamespaceId, PublicKey } from '../base/ids.ts'
import { type SigningKey, verify } from '../base/keys.ts'
import { type Invitation as InvitationFacts, ROLES } from '../base/operations.ts'
import { message } from './codec.ts'
import { INVITATION_BYTES_MAX, SALT_BYTES, SIGNATURE_BYTES } from './limits.ts'
import { bytes, id, oneOf, record, type Shape, u64 } from './shape.ts'

export type Invitation = InvitationFacts
export type UnsignedInvitation = Omit<Invitation, 'signature'>

const facts = {
  inviter: id<PublicKey>(),
  namespaceId: id<NamespaceId>(),
  groupId: id<GroupId>(),
  expiresAtSec: u64(),
  salt: bytes(SALT_BYTES, SALT_BYTES),
  role: oneOf(ROLES),
}

/** Within an operation. */
export const invitation: Shape<Invitation> = record({
  ...facts,
  signature: bytes(SIGNATURE_BYTES, SIGNATURE_BYTES),
})

const invitationMessage = message('invitation/1', record(facts), INVITATION_BYTES_MAX)

/** The bytes whose tagged hash is signed. */
export function encodeInvitationBody(invitation: UnsignedInvitation): Bytes {
  const { inviter, namespaceId, groupId, expiresAtSec, salt, role } = invitation
  return invitationMessage.encode({ inviter, namespaceId, groupId, expiresAtSec, salt, role })
}

/** The inviter is the holder of `signingKey`. */
export function signInvitation(input: Omit<UnsignedInvitation, 'inviter'>, signingKey: SigningKey): Invitation {
  const unsigned = { ...input, inviter: signingKey.publicKey }
  return { ...unsigned, signature: signingKey.sign(signedHash(unsigned)) }
}

/** Throws WireError when the facts are out of bounds, which a decoded invitation never is. */
export function verifyInvitation(invitation: Invitation): boolean {
  return verify(invitation.inviter, signedHash(invitation), invitation.signature)
}

function signedHash(invitation: UnsignedInvitation): Bytes {
  return taggedHash('calbox/invitation/1', encodeInvitationBody(invitation))
}
