// Proposals of older applications, as far as their clients can be answered without any: there is none here, so lists are
// empty and each is unknown. What would make one is 501.
import { Type } from 'typebox'
import { ServerError } from '../../errors.ts'
import { contextIdOf } from '../../formats/encodings.ts'
import { Count } from '../../formats/shapes.ts'
import { contextOf } from '../../names/lookups.ts'
import { Data, NoBody, NoFields, type Route, type RouteParts, route } from '../../routing/route.ts'

const ROOT = '/admin-api/contexts/:id/proposals'
const ByContext = Type.Object({ id: Type.String() })
const ByProposal = Type.Object({ id: Type.String(), proposal: Type.String() })
const shared = { permission: 'context:list[:id]', query: NoFields, body: NoBody }

/** Throws as `contextOf` does. */
async function known({ node }: RouteParts, { id }: { readonly id: string }): Promise<void> {
  await contextOf(node, contextIdOf(id))
}

export const proposalRoutes: readonly Route[] = [
  ...(['GET', 'POST'] as const).map((method) =>
    route({
      ...shared,
      method,
      url: ROOT,
      summary: 'Proposals of a context: none',
      params: ByContext,
      response: Data(Type.Array(Type.Object({}))),
      handle: async (parts, { params }) => {
        await known(parts, params)
        return { data: [] }
      },
    }),
  ),
  route({
    ...shared,
    method: 'GET',
    url: `${ROOT}/count`,
    summary: 'How many there are: none',
    params: ByContext,
    response: Data(Count),
    handle: async (parts, { params }) => {
      await known(parts, params)
      return { data: 0 }
    },
  }),
  ...['', '/approvals/count', '/approvals/users'].map((part) =>
    route({
      ...shared,
      method: 'GET',
      url: `${ROOT}/:proposal${part}`,
      summary: 'One proposal, or who approves it: 404, there is none',
      params: ByProposal,
      response: Data(Type.Any()),
      handle: async (parts, { params }) => {
        await known(parts, params)
        const shown = JSON.stringify(params.proposal.slice(0, 80))
        throw new ServerError('NOT_FOUND', `context ${params.id} has no proposal ${shown}`)
      },
    }),
  ),
]
