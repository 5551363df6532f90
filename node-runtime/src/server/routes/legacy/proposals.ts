// Proposals of older applications: kept in the log of the namespace, and carried out there when enough have approved.
import { type Static, Type } from 'typebox'
import { type Bytes, compareBytes, utf8 } from '../../../base/bytes.ts'
import { type ContextId, idBase58, idFromBytes, type OpId, type ProposalId } from '../../../base/ids.ts'
import { proposalCalled } from '../../../context/calls/taking-part.ts'
import { actionsJson } from '../../../context/namespaces/proposal-json.ts'
import { PROPOSAL_ACTIONS_MAX } from '../../../governance/limits.ts'
import type { ContextProposals, Proposal } from '../../../governance/namespace-state.ts'
import { NO_PROPOSALS, type ProposalAction, proposalsNamed, writeActions } from '../../../governance/proposals.ts'
import { PROPOSAL_BYTES_MAX } from '../../../wire/limits.ts'
import { ServerError } from '../../errors.ts'
import { base58IdOf, byteArray, contextIdOf, pageOf, publicKeyOf } from '../../formats/encodings.ts'
import { ByteList } from '../../formats/fields.ts'
import { Base58, ByteListOut, Count } from '../../formats/shapes.ts'
import { contextOf } from '../../names/lookups.ts'
import type { NodeServices } from '../../ports.ts'
import { Data, NoBody, NoFields, Page, type Route, type RouteParts, route } from '../../routing/route.ts'

const ROOT = '/admin-api/contexts/:id/proposals'
const ByContext = Type.Object({ id: Type.String() })
const ByProposal = Type.Object({ id: Type.String(), proposal: Type.String() })
const reads = { permission: 'context:list[:id]', query: NoFields, forOtherMembers: true as const }
const writes = { permission: 'context:execute[:id]', query: NoFields, params: ByContext }

const ProposalShape = Type.Object({
  id: Base58,
  operation_id: Base58,
  author_id: Base58,
  actions: Type.Array(Type.Any()),
})
const Approvals = Type.Object({ proposalId: Base58, numApprovals: Count })
const Signer = Type.Optional(Type.Union([Type.String(), Type.Null()]))

const text = Type.String({ maxLength: PROPOSAL_BYTES_MAX })
const bytes = ByteList(PROPOSAL_BYTES_MAX)
const u32 = Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1 })
/** As a number, or as text where it is beyond 2^53. */
const u128 = Type.Union([
  Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  Type.String({ pattern: '^\\d{1,39}$' }),
])
const action = <S extends string, P extends Parameters<typeof Type.Object>[0]>(scope: S, params: P) =>
  Type.Object({ scope: Type.Literal(scope), params: Type.Object(params) })
const Action = Type.Union([
  action('ExternalFunctionCall', { receiver_id: text, method_name: text, args: text, deposit: u128 }),
  action('Transfer', { receiver_id: text, amount: u128 }),
  action('SetNumApprovals', { num_approvals: u32 }),
  action('SetActiveProposalsLimit', { active_proposals_limit: u32 }),
  action('SetContextValue', { key: bytes, value: bytes }),
  action('DeleteProposal', { proposal_id: Type.String() }),
])

const PROPOSAL_ID_BYTES = 32

/** Throws as `contextOf` does. */
async function proposalsOf(node: NodeServices, context: string): Promise<ContextProposals> {
  const { record } = await contextOf(node, contextIdOf(context))
  const { state } = node.namespaces.get(record.namespaceId)
  return state.contexts.get(record.id)?.proposals ?? NO_PROPOSALS
}

/** Throws NOT_FOUND: never made, or not waiting any more. */
async function proposalOf(node: NodeServices, { id, proposal }: Static<typeof ByProposal>): Promise<Proposal> {
  const named = proposalsNamed(await proposalsOf(node, id), base58IdOf<ProposalId>(proposal, 'proposal id'))
  if (named.length > 1) {
    const ids = named.map(({ op }) => idBase58(op)).join(', ')
    throw new ServerError(
      'CONFLICT',
      `${named.length} proposals are called ${proposal}: ask by operation_id, of ${ids}`,
    )
  }
  if (named[0]) return named[0]
  throw new ServerError('NOT_FOUND', `context ${id} has no proposal ${proposal} that waits for approval`)
}

function json({ op, id, author, actions }: Proposal): object {
  return { id: idBase58(id), operation_id: idBase58(op), author_id: idBase58(author), actions: actionsJson(actions) }
}

/** Undefined once it waits no longer: that was enough, and it has been carried out. */
function approvals(proposals: ContextProposals, made: OpId): object | null {
  const found = proposals.active.find(({ op }) => op === made)
  return found ? { proposalId: idBase58(found.id), numApprovals: found.approvals.length } : null
}

/** Throws BAD_REQUEST: of numbers with 39 digits, some are too large. */
function amountOf(given: number | string): bigint {
  const amount = BigInt(given)
  if (amount < 1n << 128n) return amount
  throw new ServerError('BAD_REQUEST', `${given} is more than 128 bits hold`)
}

function actionOf({ scope, params }: Static<typeof Action>): ProposalAction {
  switch (scope) {
    case 'ExternalFunctionCall': {
      const { receiver_id: receiver, method_name: method, args, deposit } = params
      return { kind: scope, receiver, method, args, deposit: amountOf(deposit) }
    }
    case 'Transfer':
      return { kind: scope, receiver: params.receiver_id, amount: amountOf(params.amount) }
    case 'SetNumApprovals':
      return { kind: scope, count: params.num_approvals }
    case 'SetActiveProposalsLimit':
      return { kind: scope, count: params.active_proposals_limit }
    case 'SetContextValue':
      return { kind: scope, key: Uint8Array.from(params.key), value: Uint8Array.from(params.value) }
    case 'DeleteProposal':
      return { kind: scope, id: base58IdOf<ProposalId>(params.proposal_id, 'proposal id') }
  }
}

interface Asked {
  readonly context: string
  readonly id: ProposalId
  /** As which member; by default as this node’s, and there is no other. */
  readonly signerId?: string | null | undefined
  /** What is proposed; absent: the proposal of this id is approved. */
  readonly actions?: Bytes
}

/** Throws BAD_REQUEST for another signer: who votes is who says so. */
function requireOwn({ node }: RouteParts, { signerId }: Asked): void {
  const own = node.identity.publicKey
  if (typeof signerId === 'string' && publicKeyOf(signerId) !== own) {
    throw new ServerError('BAD_REQUEST', `signerId ${signerId} is not this node’s member ${idBase58(own)}`)
  }
}

async function submit(parts: RouteParts, asked: Asked): Promise<object> {
  const { node } = parts
  const { context, id, actions } = asked
  requireOwn(parts, asked)
  const { record } = await contextOf(node, contextIdOf(context))
  const about: { contextId: ContextId } = { contextId: record.id }
  const namespace = node.namespaces.get(record.namespaceId)
  if (actions) {
    const made = await namespace.submit({ kind: 'proposal_made', ...about, proposalId: id, actions })
    return { data: approvals(await proposalsOf(node, context), made.id) }
  }
  const { op: proposal } = proposalCalled(await proposalsOf(node, context), id)
  await namespace.submit({ kind: 'proposal_approved', ...about, proposal })
  return { data: approvals(await proposalsOf(node, context), proposal) }
}

export const proposalRoutes: readonly Route[] = [
  ...(['GET', 'POST'] as const).map((method) =>
    route({
      ...reads,
      method,
      url: ROOT,
      summary: 'Proposals of a context that wait for approval',
      params: ByContext,
      body: method === 'GET' ? NoBody : Type.Union([Type.Null(), Page]),
      response: Data(Type.Array(ProposalShape)),
      handle: async ({ node }, { params, body }) => {
        const page = method === 'POST' ? ((body ?? {}) as Static<typeof Page>) : {}
        return { data: pageOf((await proposalsOf(node, params.id)).active, page).map(json) }
      },
    }),
  ),
  route({
    ...reads,
    method: 'GET',
    url: `${ROOT}/count`,
    summary: 'How many there are',
    params: ByContext,
    body: NoBody,
    response: Data(Count),
    handle: async ({ node }, { params }) => ({ data: (await proposalsOf(node, params.id)).active.length }),
  }),
  route({
    ...reads,
    method: 'GET',
    url: `${ROOT}/:proposal`,
    summary: 'One proposal that waits for approval',
    params: ByProposal,
    body: NoBody,
    response: Data(ProposalShape),
    handle: async ({ node }, { params }) => {
      // calimero-client 1.1.0 asks for the number by a path with a brace too many.
      if (params.proposal === 'count}') return { data: (await proposalsOf(node, params.id)).active.length }
      return { data: json(await proposalOf(node, params)) }
    },
  }),
  route({
    ...reads,
    method: 'GET',
    url: `${ROOT}/:proposal/approvals/count`,
    summary: 'How many have approved a proposal',
    params: ByProposal,
    body: NoBody,
    response: Data(Approvals),
    handle: async ({ node }, { params }) => {
      const { id, approvals } = await proposalOf(node, params)
      return { data: { proposalId: idBase58(id), numApprovals: approvals.length } }
    },
  }),
  route({
    ...reads,
    method: 'GET',
    url: `${ROOT}/:proposal/approvals/users`,
    summary: 'Public keys of those who have approved a proposal',
    params: ByProposal,
    body: NoBody,
    response: Data(Type.Array(Base58)),
    handle: async ({ node }, { params }) => ({ data: (await proposalOf(node, params)).approvals.map(idBase58) }),
  }),
  route({
    ...writes,
    method: 'POST',
    url: `${ROOT}/create-and-approve`,
    summary: 'Propose, as this node’s member; null where its approval alone was enough',
    body: Type.Object({
      signerId: Signer,
      proposal: Type.Object({
        id: Signer,
        actions: Type.Array(Action, { minItems: 1, maxItems: PROPOSAL_ACTIONS_MAX }),
      }),
    }),
    json: { bytesMax: PROPOSAL_BYTES_MAX },
    response: Data(Type.Union([Approvals, Type.Null()])),
    handle: async (parts, { params, body: { signerId, proposal } }) => {
      const random = () => idFromBytes<ProposalId>(parts.node.ports.random.bytes(PROPOSAL_ID_BYTES))
      const proposalId = typeof proposal.id === 'string' ? base58IdOf<ProposalId>(proposal.id, 'proposal id') : random()
      const actions = writeActions(proposal.actions.map(actionOf))
      if (actions.byteLength > PROPOSAL_BYTES_MAX) {
        throw new ServerError(
          'BAD_REQUEST',
          `the actions have ${actions.byteLength} bytes; at most ${PROPOSAL_BYTES_MAX}`,
        )
      }
      return submit(parts, { context: params.id, id: proposalId, signerId, actions })
    },
  }),
  route({
    ...writes,
    method: 'POST',
    url: `${ROOT}/approve`,
    summary: 'Approve a proposal, as this node’s member; null where that was enough',
    body: Type.Object({ signerId: Signer, proposalId: Type.String() }),
    response: Data(Type.Union([Approvals, Type.Null()])),
    handle: (parts, { params, body }) =>
      submit(parts, {
        context: params.id,
        id: base58IdOf<ProposalId>(body.proposalId, 'proposal id'),
        signerId: body.signerId,
      }),
  }),
  route({
    ...reads,
    method: 'POST',
    url: `${ROOT}/get-context-value`,
    summary: 'A value that proposals have set',
    params: ByContext,
    body: Type.Object({ key: Type.Union([text, bytes]) }),
    response: Data(ByteListOut),
    handle: async ({ node }, { params, body }) => {
      const key = typeof body.key === 'string' ? utf8(body.key) : Uint8Array.from(body.key)
      const found = (await proposalsOf(node, params.id)).values.find((each) => compareBytes(each.key, key) === 0)
      if (found) return { data: byteArray(found.value) }
      throw new ServerError('NOT_FOUND', `no proposal has set this key in context ${params.id}`)
    },
  }),
  route({
    ...reads,
    method: 'POST',
    url: `${ROOT}/context-storage-entries`,
    summary: 'All values that proposals have set',
    params: ByContext,
    body: Type.Union([Type.Null(), Page]),
    response: Data(Type.Array(Type.Object({ key: ByteListOut, value: ByteListOut }))),
    handle: async ({ node }, { params, body }) => {
      const all = pageOf((await proposalsOf(node, params.id)).values, body ?? {})
      return { data: all.map(({ key, value }) => ({ key: byteArray(key), value: byteArray(value) })) }
    },
  }),
]
