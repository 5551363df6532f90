// The text forms of the HTTP edge: base58 for contexts, applications, blobs and keys; hex for groups and accounts; byte
// arrays in invitations.

import { type Static, Type } from 'typebox'
import type { Bytes } from '../../base/bytes.ts'
import { fromHex, toHex } from '../../base/bytes.ts'
import {
  type ApplicationId,
  type BlobId,
  type ContextId,
  type GroupId,
  type Id,
  IdError,
  idBase58,
  idBytes,
  idFromBytes,
  type NamespaceId,
  type PublicKey,
  parseBase58Id,
  parseHexId,
} from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import { ROLES } from '../../base/operations.ts'
import type { Invitation } from '../../wire/invitation.ts'
import { ServerError } from '../errors.ts'
import { OFFSET_MAX, PAGE_DEFAULT, PAGE_MAX } from '../limits.ts'

const Byte = Type.Integer({ minimum: 0, maximum: 255 })
const Bytes32 = Type.Array(Byte, { minItems: 32, maxItems: 32 })

/** As merod's clients pass it on, plus `namespace_id`. They treat it as opaque. */
export const InvitationJson = Type.Object({
  invitation: Type.Object({
    inviter_identity: Bytes32,
    group_id: Bytes32,
    /** Absent where the group is the namespace itself. */
    namespace_id: Type.Optional(Bytes32),
    expiration_timestamp: Type.Integer({ minimum: 0 }),
    secret_salt: Bytes32,
    invited_role: Type.Integer({ minimum: 0, maximum: ROLES.length - 1 }),
  }),
  inviter_signature: Type.String({ pattern: '^[0-9a-fA-F]{128}$' }),
})

export function invitationToJson(invitation: Invitation) {
  return {
    invitation: {
      inviter_identity: [...idBytes(invitation.inviter)],
      group_id: [...idBytes(invitation.groupId)],
      ...(isOfNamespace(invitation) ? {} : { namespace_id: [...idBytes(invitation.namespaceId)] }),
      expiration_timestamp: Number(invitation.expiresAtSec),
      secret_salt: [...invitation.salt],
      invited_role: ROLES.indexOf(invitation.role),
    },
    inviter_signature: toHex(invitation.signature),
    inviter_account: accountOf(invitation.inviter),
  }
}

function isOfNamespace({ namespaceId, groupId }: Invitation): boolean {
  return idBase58(namespaceId) === idBase58(groupId)
}

export function invitationFromJson(json: Static<typeof InvitationJson>): Invitation {
  const { invitation } = json
  const role = ROLES[invitation.invited_role]
  if (!role) throw new ServerError('BAD_REQUEST', `invited_role ${invitation.invited_role} is not a role`)
  return {
    inviter: idFromBytes<PublicKey>(Uint8Array.from(invitation.inviter_identity)),
    groupId: idFromBytes<GroupId>(Uint8Array.from(invitation.group_id)),
    namespaceId: idFromBytes<NamespaceId>(Uint8Array.from(invitation.namespace_id ?? invitation.group_id)),
    expiresAtSec: BigInt(invitation.expiration_timestamp),
    salt: Uint8Array.from(invitation.secret_salt),
    role,
    signature: fromHex(json.inviter_signature.toLowerCase()),
  }
}

/** Context ids are base58; hex is accepted too, as merod does where it writes it. Throws IdError. */
export function contextIdOf(text: string): ContextId {
  return isHex(text) ? parseHexId<ContextId>(text) : base58IdOf<ContextId>(text, 'context id')
}

/** Throws IdError. */
export function applicationIdOf(text: string): ApplicationId {
  return base58IdOf(text, 'application id')
}

/** Throws IdError. */
export function blobIdOf(text: string): BlobId {
  return base58IdOf(text, 'blob id')
}

/** Throws IdError. */
export function publicKeyOf(text: string): PublicKey {
  return base58IdOf(text, 'public key')
}

/** Throws IdError, which says of what it was to be the id: a request may have several. */
export function base58IdOf<T extends Id>(text: string, what: string): T {
  try {
    return parseBase58Id<T>(text)
  } catch (cause) {
    if (!(cause instanceof IdError)) throw cause
    const message = `${JSON.stringify(text.slice(0, 80))} is no ${what}: ${cause.message}`
    throw new IdError('ID_INVALID', message, { cause })
  }
}

function isHex(text: string): boolean {
  return /^[0-9a-fA-F]{64}$/.test(text)
}

/** The hash of a blob's whole content: clients write it in base58 or hex. Throws IdError. */
export function blobHashOf(text: string): BlobId {
  return isHex(text) ? parseHexId<BlobId>(text) : blobIdOf(text)
}

export function byteArray(bytes: Bytes): number[] {
  return [...bytes]
}

export function pageOf<T>(items: readonly T[], query: { offset?: number; limit?: number }): T[] {
  const { offset, limit } = pagingOf(query)
  return items.slice(offset, offset + limit)
}

export function pagingOf(query: { offset?: number; limit?: number }): { offset: number; limit: number } {
  const offset = Math.min(query.offset ?? 0, OFFSET_MAX)
  return { offset, limit: Math.min(query.limit ?? PAGE_DEFAULT, PAGE_MAX) }
}
