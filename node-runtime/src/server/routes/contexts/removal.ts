// Contexts that go: for all, or for this node alone.
import { Type } from 'typebox'
import { idBase58 } from '../../../base/ids.ts'
import { detachContext } from '../../../context/namespaces/administration.ts'
import { contextIdOf } from '../../formats/encodings.ts'
import { Joined } from '../../formats/shapes.ts'
import { Data, NoBody, NoFields, type Route, route } from '../../routing/route.ts'

const ByContext = Type.Object({ id: Type.String() })

export const contextRemovalRoutes: readonly Route[] = [
  route({
    method: 'DELETE',
    url: '/admin-api/contexts/:id',
    summary: 'Delete a context on every node, for good; its group’s admins may',
    permission: 'context:delete[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    response: Data(Type.Object({ isDeleted: Type.Boolean() })),
    handle: async ({ node }, { params }) => {
      await detachContext(node, contextIdOf(params.id))
      return { data: { isDeleted: true } }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/contexts/:id/leave',
    summary: 'Stop to take part in a context, until it is joined again; nobody else hears of it',
    // For the whole node: who may call in it may not take it from everybody.
    permission: 'context:leave[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    response: Data(Joined),
    handle: async ({ node }, { params }) => {
      const id = contextIdOf(params.id)
      await node.contexts.residence.leave(id)
      return { data: { contextId: idBase58(id), memberPublicKey: idBase58(node.identity.publicKey) } }
    },
  }),
]
