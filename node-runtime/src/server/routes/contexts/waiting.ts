// What waits in a context, why and since when; what was given up, and how to try it again.
import { type TSchema, Type } from 'typebox'
import { idBase58 } from '../../../base/ids.ts'
import type { Context } from '../../../context/context.ts'
import type { HandlerItem } from '../../../context/handlers/handler-item.ts'
import type { Paging, Waiting, WaitingDelta } from '../../../context/waiting/waiting-rows.ts'
import { contextIdOf, pagingOf } from '../../formats/encodings.ts'
import { Base58, Count, Hex32, NullData } from '../../formats/shapes.ts'
import { contextOf } from '../../names/lookups.ts'
import { Data, NoBody, NoFields, Page, type Route, type RouteParts, route } from '../../routing/route.ts'

const ByContext = Type.Object({ id: Type.String() })
const ByLetter = Type.Object({ id: Type.String(), letter: Type.String() })
const CONTEXT = '/admin-api/contexts/:id'

const DeltaShape = Type.Object({
  deltaId: Hex32,
  author: Base58,
  reason: Type.String(),
  ageMs: Type.Union([Count, Type.Null()]),
  missing: Type.Array(Hex32),
  bytes: Count,
  /** Of what waits for its time. */
  takenInMs: Type.Optional(Count),
})

const HandlerShape = Type.Object({
  id: Type.String(),
  deltaId: Hex32,
  event: Type.String(),
  handler: Type.String(),
  depth: Count,
  attempts: Count,
  lastError: Type.Union([Type.String(), Type.Null()]),
  retryInMs: Type.Optional(Count),
  ageMs: Type.Optional(Count),
})

const EntryShape = Type.Object({
  what: Type.String(),
  in: Type.Union([Type.Literal('both'), Type.Literal('here'), Type.Literal('there')]),
  key: Type.Optional(Type.String()),
  keyHash: Hex32,
  /** Over key and value. */
  hash: Type.Optional(Hex32),
  theirHash: Type.Optional(Hex32),
})

const DivergenceShape = Type.Object({
  member: Base58,
  heads: Type.Array(Hex32),
  root: Base58,
  theirRoot: Base58,
  entries: Type.Array(EntryShape),
  more: Type.Boolean(),
  /** Why it is not known which entries differ. */
  error: Type.Optional(Type.String()),
})

const Counts = Type.Object({
  pending: Count,
  parked: Count,
  refused: Count,
  behind: Count,
  forgotten: Count,
  rewriting: Type.Boolean(),
  /** Why own deltas cannot be written again, and calls that write are refused. */
  rewritingError: Type.Optional(Type.String()),
  revising: Type.Boolean(),
  damaged: Type.Boolean(),
  /** Of the state of a member that is to be the same. */
  divergence: Type.Optional(DivergenceShape),
  handlers: Count,
  deadLetters: Count,
  deadLettersDropped: Count,
  xcalls: Count,
  /** Of these, tried in vain and to be tried again. */
  xcallsTried: Count,
})

/** Items of one kind, in `data` under `field`. */
function listing(
  url: string,
  summary: string,
  item: TSchema,
  list: (context: Context, page: Paging, nowMs: number) => Promise<{ readonly [field: string]: readonly unknown[] }>,
): Route {
  return route({
    method: 'GET',
    url: `${CONTEXT}${url}`,
    summary,
    permission: 'context:list[:id]',
    params: ByContext,
    query: Page,
    body: NoBody,
    response: Data(Type.Record(Type.String(), Type.Array(item))),
    handle: async ({ node }, { params, query }) => {
      const context = await contextOf(node, contextIdOf(params.id))
      return { data: await list(context, pagingOf(query), node.ports.clock.nowMs()) }
    },
  })
}

function deltaJson(item: WaitingDelta, nowMs: number): object {
  const { id, author, reason, sinceMs, missing, bytes } = item
  return {
    deltaId: id,
    author: idBase58(author),
    reason,
    ageMs: sinceMs === undefined ? null : age(sinceMs, nowMs),
    missing,
    bytes,
    ...takenIn(item, nowMs),
  }
}

/** A stamp far ahead of our clock is waited for: how long yet. */
export function takenIn({ dueMs }: WaitingDelta, nowMs: number): { takenInMs?: number } {
  return dueMs === undefined ? {} : { takenInMs: age(nowMs, dueMs) }
}

function handlerJson({ id, deltaId, event, handler, depth, attempts, error }: HandlerItem): object {
  return { id, deltaId, event, handler, depth, attempts, lastError: error ?? null }
}

function countsJson({ divergence, ...counts }: Waiting): object {
  if (divergence === undefined) return counts
  const { member, root, theirRoot } = divergence
  const ids = { member: idBase58(member), root: idBase58(root), theirRoot: idBase58(theirRoot) }
  return { ...counts, divergence: { ...divergence, ...ids } }
}

function age(sinceMs: number, nowMs: number): number {
  return Math.max(0, Math.round(nowMs - sinceMs))
}

async function letterOf(
  { node }: RouteParts,
  { id }: { readonly id: string },
  act: (context: Context) => Promise<void>,
): Promise<object> {
  await act(await contextOf(node, contextIdOf(id)))
  return { data: null }
}

export const waitingRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: `${CONTEXT}/waiting`,
    summary: 'How much waits in a context, and how much was given up',
    permission: 'context:list[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    response: Data(Counts),
    handle: async ({ node }, { params }) => ({
      data: countsJson((await contextOf(node, contextIdOf(params.id))).waiting()),
    }),
  }),
  listing(
    '/waiting/pending',
    'Deltas that wait for their parents, oldest first',
    DeltaShape,
    async (context, page, nowMs) => ({
      pending: context.waitingRows.pending(page).map((item) => deltaJson(item, nowMs)),
    }),
  ),
  listing(
    '/waiting/parked',
    'Deltas that wait for a key, for governance, for their time, for this machine, or for parents since long',
    DeltaShape,
    async (context, page, nowMs) => ({
      parked: (await context.waitingRows.parked(page)).map((item) => deltaJson(item, nowMs)),
    }),
  ),
  listing(
    '/waiting/outbox',
    'Own deltas that were not handed to gossip yet',
    Type.Object({ deltaId: Hex32 }),
    async (context, page) => ({
      outbox: (await context.waitingRows.outbox(page)).map((deltaId) => ({ deltaId })),
    }),
  ),
  listing('/waiting/handlers', 'Event handlers that are still to run', HandlerShape, async (context, page, nowMs) => ({
    handlers: (await context.waitingRows.handlers(page)).map((item) => ({
      ...handlerJson(item),
      retryInMs: age(nowMs, item.atMs),
    })),
  })),
  listing(
    '/dead-letters',
    'Event handlers that were given up, with their last error',
    HandlerShape,
    async (context, page, nowMs) => ({
      deadLetters: (await context.waitingRows.deadLetters(page)).map((item) => ({
        ...handlerJson(item),
        ageMs: age(item.atMs, nowMs),
      })),
    }),
  ),
  route({
    method: 'POST',
    url: `${CONTEXT}/dead-letters/:letter/retry`,
    summary: 'Put a dead letter back into the queue, as if it had never been tried',
    permission: 'context:execute[:id]',
    params: ByLetter,
    query: NoFields,
    body: NoBody,
    response: NullData,
    handle: (parts, { params }) =>
      letterOf(parts, params, (context) => context.waitingRows.retryDeadLetter(params.letter)),
  }),
  route({
    method: 'DELETE',
    url: `${CONTEXT}/dead-letters/:letter`,
    summary: 'Drop a dead letter: its event is never handled here',
    permission: 'context:execute[:id]',
    params: ByLetter,
    query: NoFields,
    body: NoBody,
    response: NullData,
    handle: (parts, { params }) =>
      letterOf(parts, params, (context) => context.waitingRows.dropDeadLetter(params.letter)),
  }),
]
