// What keeps a context whole: rounds of synchronisation, and the application it runs.
import { Type } from 'typebox'
import { idBase58 } from '../../../base/ids.ts'
import { seenBy } from '../../access/membership.ts'
import { ServerError } from '../../errors.ts'
import { contextIdOf } from '../../formats/encodings.ts'
import { Hex32, NullData } from '../../formats/shapes.ts'
import { contextOf, installedId } from '../../names/lookups.ts'
import { NoBody, NoFields, type Route, route } from '../../routing/route.ts'

const ByContext = Type.Object({ id: Type.String() })

export const contextUpkeepRoutes: readonly Route[] = [
  ...['/admin-api/contexts/sync', '/admin-api/contexts/sync/'].map((url) =>
    route({
      method: 'POST',
      url,
      summary: 'One round of synchronisation of every context',
      permission: 'context:execute',
      forOtherMembers: true,
      params: NoFields,
      query: NoFields,
      body: NoBody,
      response: NullData,
      handle: async ({ node }, { signal, asker }) => {
        const seen = seenBy(node, asker)
        const all = node.contexts.list().filter(({ id }) => seen.context(id))
        await Promise.all(all.map(({ id }) => node.sync.syncContext(id, { signal })))
        return { data: null }
      },
    }),
  ),
  route({
    method: 'POST',
    url: '/admin-api/contexts/sync/:id',
    summary: 'One round of synchronisation of a context',
    permission: 'context:execute[:id]',
    forOtherMembers: true,
    params: ByContext,
    query: NoFields,
    body: NoBody,
    response: NullData,
    handle: async ({ node }, { params, signal }) => {
      const { record } = await contextOf(node, contextIdOf(params.id))
      await node.sync.syncContext(record.id, { signal })
      return { data: null }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/contexts/:id/resync',
    summary: 'Begin a round of synchronisation of a context, without waiting for its end',
    permission: 'context:execute[:id]',
    forOtherMembers: true,
    params: ByContext,
    query: NoFields,
    body: Type.Union([Type.Null(), Type.Object({ force: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])) })]),
    response: Type.Object({ contextId: Hex32, resyncStarted: Type.Boolean() }),
    handle: async ({ node, log }, { params }) => {
      const { record } = await contextOf(node, contextIdOf(params.id))
      node.sync.syncContext(record.id, {}).catch((error: unknown) => {
        log.warn({ contextId: record.id, error: String(error) }, 'resync failed')
      })
      return { contextId: record.id, resyncStarted: true }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/contexts/:id/application',
    summary: 'Have a context run another application; contexts get one through their group here',
    permission: 'context:application:update[:id]',
    params: ByContext,
    query: NoFields,
    body: Type.Object({
      applicationId: Type.String(),
      executorPublicKey: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    }),
    response: NullData,
    failures: [501],
    handle: async ({ node }, { params, body }) => {
      const { record } = await contextOf(node, contextIdOf(params.id))
      const wanted = installedId(node, body.applicationId)
      if (wanted === record.applicationId) return { data: null }
      throw new ServerError(
        'NOT_IMPLEMENTED',
        `upgrade of a single context: ${idBase58(record.id)} runs what its group does; ` +
          `POST /admin-api/groups/${record.groupId}/upgrade changes that for all contexts of the group`,
      )
    },
  }),
]
