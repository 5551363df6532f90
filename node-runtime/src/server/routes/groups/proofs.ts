// Signed statements that this node's member administers a group, for others to check outside of the network.
import { type Static, Type } from 'typebox'
import { concat, utf8 } from '../../../base/bytes.ts'
import { type ContextId, idBase58 } from '../../../base/ids.ts'
import { ContextError } from '../../../context/errors.ts'
import { ServerError } from '../../errors.ts'
import { contextIdOf } from '../../formats/encodings.ts'
import { Text } from '../../formats/fields.ts'
import { ByGroup, groupOf } from '../../formats/group-shapes.ts'
import { Base58 } from '../../formats/shapes.ts'
import { PROOF_AUDIENCE_BYTES_MAX, PROOF_LIFETIME_MS, PROOF_SUBJECT_BYTES_MAX } from '../../limits.ts'
import type { NodeServices } from '../../ports.ts'
import { NoFields, type Route, route } from '../../routing/route.ts'

/** The tag is part of what is signed, with the zero byte behind it. */
const DOMAIN = 'calimero.ownership-claim.v1\0'

const CLAIM = {
  audience: Text(PROOF_AUDIENCE_BYTES_MAX, 1),
  subject: Text(PROOF_SUBJECT_BYTES_MAX, 1),
  /** The verifier's own, against replays. */
  nonce: Type.String({ pattern: '^([0-9a-fA-F]{2}){16,64}$' }),
  expiresAtMs: Type.Integer({ minimum: 0 }),
}
const Claim = Type.Object(CLAIM)
const ContextClaim = Type.Object({ ...CLAIM, contextId: Type.String() })
const Proof = Type.Object({ signerPublicKey: Base58, signedPayload: Type.String(), signature: Type.String() })

/** Throws NOT_A_MEMBER for who is no direct admin, ServerError NOT_FOUND for a context that is not in the group. */
function prove(node: NodeServices, gid: string, claim: Static<typeof Claim>, contextId?: ContextId): object {
  const { namespace, group, groupId } = groupOf(node, gid)
  if (group.members.get(node.account) !== 'Admin') {
    throw new ContextError('NOT_ALLOWED', `only a direct admin of group ${groupId} proves that it is its own`)
  }
  const context = contextId === undefined ? undefined : namespace.state.contexts.get(contextId)
  if (contextId !== undefined && !(context && namespace.state.groupsWithin(groupId).includes(context.groupId))) {
    throw new ServerError('NOT_FOUND', `context ${idBase58(contextId)} is not in group ${groupId}, or beneath it`)
  }
  const issuedAtMs = node.ports.clock.nowMs()
  if (/[\p{Cc}]/u.test(claim.audience + claim.subject)) {
    throw new ServerError('BAD_REQUEST', 'audience and subject have no control characters')
  }
  const signer = idBase58(node.identity.publicKey)
  // The order of the fields is part of what is signed.
  const payload = utf8(
    JSON.stringify({
      v: 1,
      audience: claim.audience,
      group_id: groupId,
      issuer_identity: signer,
      context_id: contextId === undefined ? '' : idBase58(contextId),
      subject: claim.subject,
      nonce: claim.nonce,
      issued_at_ms: issuedAtMs,
      expires_at_ms: Math.min(claim.expiresAtMs, issuedAtMs + PROOF_LIFETIME_MS),
    }),
  )
  const signature = node.identity.sign(concat([utf8(DOMAIN), payload]))
  return {
    signerPublicKey: signer,
    signedPayload: Buffer.from(payload).toString('base64'),
    signature: Buffer.from(signature).toString('base64'),
  }
}

export const proofRoutes: readonly Route[] = [
  route({
    method: 'POST',
    url: '/admin-api/groups/:gid/issue-ownership-proof',
    summary: 'A signed statement that this node’s member administers a group with a context',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: ContextClaim,
    response: Proof,
    handle: async ({ node }, { params, body }) => prove(node, params.gid, body, contextIdOf(body.contextId)),
  }),
  route({
    method: 'POST',
    url: '/admin-api/groups/:gid/issue-namespace-ownership-proof',
    summary: 'A signed statement that this node’s member administers a namespace',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: Claim,
    response: Proof,
    handle: async ({ node }, { params, body }) => prove(node, params.gid, body),
  }),
]
