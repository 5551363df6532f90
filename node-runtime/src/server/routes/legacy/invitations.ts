// Invitations to a context, as clients of before groups ask for them: by the fields of the body one of the old forms is
// told from another. Behind each is an invitation to the context's group, which those clients pass on unread.
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { fromBase58, fromUtf8, toBase58, utf8 } from '../../../base/bytes.ts'
import { type ContextId, idBase58 } from '../../../base/ids.ts'
import { refuseStranger } from '../../access/membership.ts'
import { ServerError } from '../../errors.ts'
import { contextIdOf, InvitationJson, invitationFromJson, invitationToJson } from '../../formats/encodings.ts'
import { Base58, Joined } from '../../formats/shapes.ts'
import { INVITATION_LIFETIME_SEC, INVITATION_LIFETIME_SEC_MAX, PAYLOAD_CHARS_MAX } from '../../limits.ts'
import { contextOf } from '../../names/lookups.ts'
import type { NodeServices } from '../../ports.ts'
import { Data, NoFields, type Route, type RouteParts, route, routeByBody, unlocked } from '../../routing/route.ts'
import { joinContext } from '../contexts/members.ts'

/** An invitation with the context it was asked for. */
const ContextInvitation = Type.Intersect([InvitationJson, Type.Object({ context_id: Base58 })])
const Lifetime = Type.Integer({ minimum: 1, maximum: INVITATION_LIFETIME_SEC_MAX })
const Member = Type.Optional(Type.Union([Type.String(), Type.Null()]))

const InviteBody = Type.Object({
  contextId: Type.String(),
  inviterId: Member,
  /** With it the answer is one text, for that member alone to use: it is not bound to it. */
  inviteeId: Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Null()])),
  validForSeconds: Type.Optional(Lifetime),
  /** Of a chain that made one block a second. */
  validForBlocks: Type.Optional(Lifetime),
})
const JoinBody = Type.Object({
  invitationPayload: Type.Optional(Type.String({ maxLength: PAYLOAD_CHARS_MAX })),
  invitation: Type.Optional(ContextInvitation),
  newMemberPublicKey: Member,
})

async function invitationTo(node: NodeServices, id: ContextId, lifetimeSec: number) {
  const { record } = await contextOf(node, id)
  const invitation = node.namespaces.invite(record.groupId, { lifetimeSec, role: 'Member' })
  return { ...invitationToJson(invitation), context_id: idBase58(record.id) }
}

function invitationIn(payload: string): unknown {
  try {
    return JSON.parse(fromUtf8(fromBase58(payload)))
  } catch (cause) {
    throw new ServerError('BAD_REQUEST', 'invitationPayload is not one that a node of this kind has written', { cause })
  }
}

async function join({ node }: RouteParts, body: unknown, signal: AbortSignal): Promise<object> {
  if (!Value.Check(ContextInvitation, body)) {
    const [problem] = Value.Errors(ContextInvitation, body)
    throw new ServerError('BAD_REQUEST', `invitation${problem?.instancePath ?? ''} ${problem?.message ?? 'is none'}`)
  }
  await node.namespaces.join(invitationFromJson(body), { signal })
  return { data: await joinContext(node, contextIdOf(body.context_id), signal) }
}

const inviting = { params: NoFields, query: NoFields, body: InviteBody, permission: 'context:invite', failures: [404] }
const joining = {
  params: NoFields,
  query: NoFields,
  body: JoinBody,
  permission: 'context:execute',
  failures: [404, 504],
}

export const legacyInvitationRoutes: readonly Route[] = [
  ...['invite', 'invite_by_open_invitation'].map((name) =>
    route({
      ...inviting,
      method: 'POST',
      url: `/admin-api/contexts/${name}`,
      summary: 'Invite to a context’s group: a text where inviteeId is given, else an object',
      response: Data(Type.Union([Type.String(), ContextInvitation])),
      handle: async ({ node }, { body, asker }) => {
        refuseStranger(node, asker, { contextId: body.contextId })
        const inviteeId = body.inviteeId ?? undefined
        const givenSec = body.validForSeconds ?? body.validForBlocks
        // An open invitation comes from nothing that was left out.
        if (inviteeId === undefined && givenSec === undefined) {
          throw new ServerError('BAD_REQUEST', 'give inviteeId, validForSeconds or validForBlocks')
        }
        const lifetimeSec = givenSec ?? INVITATION_LIFETIME_SEC
        const invitation = await invitationTo(node, contextIdOf(body.contextId), lifetimeSec)
        if (inviteeId === undefined) return { data: invitation }
        return { data: toBase58(utf8(JSON.stringify(invitation))) }
      },
    }),
  ),
  ...['join', 'join_by_open_invitation'].map((name) =>
    route({
      ...joining,
      method: 'POST',
      url: `/admin-api/contexts/${name}`,
      summary: 'Join a context by one of those invitations; answers when it can be called',
      response: Data(Joined),
      handle: async (parts, { body, signal }) => {
        if (body.invitationPayload !== undefined) return join(parts, invitationIn(body.invitationPayload), signal)
        if (body.invitation !== undefined) return join(parts, body.invitation, signal)
        throw new ServerError('BAD_REQUEST', 'neither invitationPayload nor invitation is given')
      },
    }),
  ),
  routeByBody({
    method: 'POST',
    url: '/admin-api/groups/:gid/join-context',
    summary: 'Join a context of a joined group, as POST /admin-api/contexts/:id/join does',
    permission: 'context:execute',
    params: Type.Object({ gid: Type.String() }),
    query: NoFields,
    body: Type.Object({ contextId: Type.String() }),
    response: Data(Joined),
    failures: [504],
    handle: async (gate, { body, signal, asker }) => {
      const id = contextIdOf(body.contextId)
      const { node } = unlocked(gate, `context:execute[${idBase58(id)}]`)
      refuseStranger(node, asker, { contextId: body.contextId })
      return { data: await joinContext(node, id, signal) }
    },
  }),
]
