// Invitations: what is signed, and the checks that need bytes. The HTTP form is converted at the server's edge.
import type { Bytes } from '../base/bytes.ts'
import type { SigningKey } from '../base/keys.ts'
import type { Invitation as InvitationFacts } from '../base/operations.ts'

export type Invitation = InvitationFacts

export type UnsignedInvitation = Omit<Invitation, 'signature'>

export declare function encodeInvitationBody(invitation: UnsignedInvitation): Bytes
/** `signingKey` must be that of `inviter`. */
export declare function signInvitation(
  invitation: Omit<UnsignedInvitation, 'inviter'>,
  signingKey: SigningKey,
): Invitation
export declare function verifyInvitation(invitation: Invitation): boolean
