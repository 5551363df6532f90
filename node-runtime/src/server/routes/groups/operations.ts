// The governance operations that a node holds, for who looks for what another node lacks.
import { Type } from 'typebox'
import { idBase58 } from '../../../base/ids.ts'
import { pagingOf } from '../../formats/encodings.ts'
import { ByGroup, ownGroupOf } from '../../formats/group-shapes.ts'
import { Base58, Count, Hex32 } from '../../formats/shapes.ts'
import { Data, NoBody, Page, type Route, route } from '../../routing/route.ts'

/** Absent parents that are named: what waits is counted. */
const MISSING_SHOWN = 20

export const operationRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/admin-api/groups/:gid/operations',
    summary:
      'Accepted governance operations of the group’s namespace, newest first, and how many wait for which others',
    // Not of one group alone: the operations are those of its namespace.
    permission: 'group:list',
    params: ByGroup,
    query: Page,
    body: NoBody,
    response: Data(
      Type.Object({
        operations: Type.Array(
          Type.Object({ operationId: Hex32, kind: Type.String(), author: Base58, time: Type.String() }),
        ),
        waiting: Count,
        missing: Type.Array(Hex32),
      }),
    ),
    handle: async ({ node }, { params, query }) => {
      const { namespace } = ownGroupOf(node, params.gid)
      const { offset, limit } = pagingOf(query)
      const newest = namespace
        .newestOps(offset + limit)
        .toReversed()
        .slice(offset)
      const operations = newest.map(({ id, body, author, hlc }) => ({
        operationId: id,
        kind: body.kind,
        author: idBase58(author),
        time: String(hlc),
      }))
      return { data: { operations, waiting: namespace.waitingOps, missing: namespace.missing(MISSING_SHOWN) } }
    },
  }),
]
