// Where one delta of a context is on this node: what tells a client that waits for a write, and one that looks for what a
// node lacks.
import { Type } from 'typebox'
import { type DeltaId, idBase58, parseHexId } from '../../../base/ids.ts'
import type { Context } from '../../../context/context.ts'
import type { WaitingDelta } from '../../../context/waiting/waiting-rows.ts'
import { contextIdOf } from '../../formats/encodings.ts'
import { Base58, Count, Hex32 } from '../../formats/shapes.ts'
import { contextOf } from '../../names/lookups.ts'
import { Data, NoBody, NoFields, type Route, route } from '../../routing/route.ts'
import { takenIn } from './waiting.ts'

const ByDelta = Type.Object({ id: Type.String(), delta: Type.String() })

/** All that waits: it is bounded. */
const EVERYTHING = { offset: 0, limit: Number.MAX_SAFE_INTEGER }

const STATES = ['applied', 'voided', 'pruned', 'pending', 'parked', 'refused', 'unknown'] as const
type State = (typeof STATES)[number]

async function whereIs(context: Context, id: DeltaId, nowMs: number): Promise<object> {
  const delta = context.delta(id)
  const known = delta && { author: idBase58(delta.author), parents: delta.parents }
  const inState = (state: State, waiting?: WaitingDelta) => ({
    deltaId: id,
    state,
    ...known,
    ...(waiting && {
      author: idBase58(waiting.author),
      reason: waiting.reason,
      missing: waiting.missing,
      ...takenIn(waiting, nowMs),
    }),
  })
  // What is pruned has been applied.
  if (!context.holds(id)) {
    if (context.refuses(id)) return inState('refused')
    if (context.encodedDelta(id) !== undefined) return inState('applied')
    // What the checkpoint contains is known by its root only: the ids beneath its end are its deltas, or those of nobody.
    const last = context.checkpoint()?.checkpoint.last
    return inState(last !== undefined && id <= last ? 'pruned' : 'unknown')
  }
  const { pending, parked } = context.waiting()
  const isIt = (each: WaitingDelta) => each.id === id
  const waits = pending === 0 ? undefined : context.waitingRows.pending(EVERYTHING).find(isIt)
  if (waits) return inState('pending', waits)
  const lies = parked === 0 ? undefined : (await context.waitingRows.parked(EVERYTHING)).find(isIt)
  if (lies) return inState('parked', lies)
  return inState(context.waitingRows.isVoided(id) ? 'voided' : 'applied')
}

export const deltaRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/admin-api/contexts/:id/deltas/:delta',
    summary:
      'Whether a delta is applied, voided by the removal of its author, pruned, pending, parked, refused or unknown here, and what it waits for',
    permission: 'context:list[:id]',
    params: ByDelta,
    query: NoFields,
    body: NoBody,
    response: Data(
      Type.Object({
        deltaId: Hex32,
        state: Type.Enum(STATES),
        author: Type.Optional(Base58),
        parents: Type.Optional(Type.Array(Hex32)),
        reason: Type.Optional(Type.String()),
        missing: Type.Optional(Type.Array(Hex32)),
        takenInMs: Type.Optional(Count),
      }),
    ),
    handle: async ({ node }, { params }) => {
      const context = await contextOf(node, contextIdOf(params.id))
      const id = parseHexId<DeltaId>(params.delta)
      // In the queue of the context: what is being applied now is not applied yet.
      return { data: await context.standStill(() => whereIs(context, id, node.ports.clock.nowMs())) }
    },
  }),
]
