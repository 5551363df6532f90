// What older clients ask about a context beside that: its members and how many, capabilities, keys of clients.
import { type Static, Type } from 'typebox'
import { idBase58 } from '../../../base/ids.ts'
import { accountOf } from '../../../base/keys.ts'
import { ContextError } from '../../../context/errors.ts'
import { CAPABILITY } from '../../../governance/capabilities.ts'
import { ServerError } from '../../errors.ts'
import { contextIdOf, publicKeyOf } from '../../formats/encodings.ts'
import { Base58, Count, NullData } from '../../formats/shapes.ts'
import { GRANTS_MAX } from '../../limits.ts'
import { contextOf } from '../../names/lookups.ts'
import type { NodeServices } from '../../ports.ts'
import { Data, NoBody, NoFields, type Route, route } from '../../routing/route.ts'
import { membersOf } from '../contexts/members.ts'

const ByContext = Type.Object({ id: Type.String() })
const GrantBody = Type.Object({
  capabilities: Type.Array(Type.Array(Type.String(), { minItems: 2, maxItems: 2 }), { maxItems: GRANTS_MAX }),
  signer_id: Type.Optional(Type.Union([Type.String(), Type.Null()])),
})

/** Names of before groups, and the bits that allow the same. Written with and without capitals by clients. */
const BITS: ReadonlyMap<string, number> = new Map([
  ['manageapplication', CAPABILITY.manageApplication],
  ['managemembers', CAPABILITY.manageMembers | CAPABILITY.inviteMembers],
])

/**
 * Throws NOT_ALLOWED with the rule against it, NOT_IMPLEMENTED for what no bit stands for, CONFLICT where it would change
 * nothing. Each member is one operation, in the order given; nothing is done where one of them is refused here.
 */
async function change(
  node: NodeServices,
  id: string,
  { grants, apply }: { grants: Static<typeof GrantBody>['capabilities']; apply: (bits: number, bit: number) => number },
): Promise<object> {
  const { record } = await contextOf(node, contextIdOf(id))
  const namespace = node.namespaces.get(record.namespaceId)
  const wanted = grants.map(([member = '', name = '']) => ({
    account: accountOf(publicKeyOf(member)),
    bit: bitOf(name),
  }))
  for (const { account, bit } of wanted) {
    const role = namespace.state.groups.get(record.groupId)?.members.get(account)
    if (role === undefined) throw new ContextError('NOT_ALLOWED', `${account} is no direct member of the group`)
    if (role === 'Admin' && apply(bit, bit) !== bit) {
      throw new ServerError('CONFLICT', `${account} is an admin, who has every capability; give it another role`)
    }
  }
  for (const { account, bit } of wanted) {
    const group = namespace.state.groups.get(record.groupId)
    const before = group?.capabilities.get(account) ?? group?.defaultCapabilities ?? 0
    const capabilities = apply(before, bit)
    if (capabilities === before) continue
    await namespace.submit({ kind: 'capabilities_set', groupId: record.groupId, account, capabilities })
  }
  return { data: null }
}

function bitOf(name: string): number {
  const word = name.replaceAll('_', '').toLowerCase()
  const bit = BITS.get(word)
  if (bit !== undefined) return bit
  // Of the proxy contract, which contexts do not have here.
  if (word === 'proxy')
    throw new ServerError('NOT_IMPLEMENTED', 'this node does not have proposals of a proxy contract')
  const shown = JSON.stringify(name.slice(0, 80))
  throw new ServerError('BAD_REQUEST', `there is no capability ${shown}; there are ManageApplication, ManageMembers`)
}

export const legacyContextRoutes: readonly Route[] = [
  ...(['grant', 'revoke'] as const).map((name) =>
    route({
      method: 'POST',
      url: `/admin-api/contexts/:id/capabilities/${name}`,
      summary: `${name === 'grant' ? 'Give capabilities to' : 'Take capabilities from'} direct members of a context’s group`,
      permission: `context:capabilities:${name}[:id]`,
      params: ByContext,
      query: NoFields,
      body: GrantBody,
      response: NullData,
      failures: [409, 501],
      handle: ({ node }, { params, body }) =>
        change(node, params.id, {
          grants: body.capabilities,
          apply: (bits, bit) => (name === 'grant' ? bits | bit : bits & ~bit),
        }),
    }),
  ),
  route({
    method: 'GET',
    url: '/admin-api/contexts/:id/client-keys',
    summary: 'Always empty: keys of clients are not of a context here',
    permission: 'context:list[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    response: Data(Type.Array(Type.String())),
    handle: async ({ node }, { params }) => {
      await contextOf(node, contextIdOf(params.id))
      return { data: [] }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/contexts/:id/members',
    summary: 'Public keys of the members who may read a context, as a list',
    permission: 'context:list[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    response: Data(Type.Array(Base58)),
    handle: async ({ node }, { params }) => {
      const context = await contextOf(node, contextIdOf(params.id))
      return { data: membersOf(node, context).map(idBase58) }
    },
  }),
  ...['context', 'contexts'].map((word) =>
    route({
      method: 'GET',
      url: `/admin-api/${word}/:id/members/count`,
      summary: 'How many members may read a context',
      permission: 'context:list[:id]',
      params: ByContext,
      query: NoFields,
      body: NoBody,
      response: Data(Count),
      handle: async ({ node }, { params }) => ({
        data: membersOf(node, await contextOf(node, contextIdOf(params.id))).length,
      }),
    }),
  ),
]
