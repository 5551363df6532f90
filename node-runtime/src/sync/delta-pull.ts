// The asking side for deltas: compare the sets of held ids, tell the peer what it lacks, fetch what we lack. Whatever ends
// it, what has come is kept, and the next pull finds the rest.
import type { ContextId, DeltaId } from '../base/ids.ts'
import { type Want, wantsBehind } from '../reconcile/answer.ts'
import { type ItemKey, idOfKey } from '../reconcile/item-key.ts'
import { type Differences, Reconciliation } from '../reconcile/reconciliation.ts'
import { type Delta, decodeDelta } from '../wire/delta.ts'
import { DELTA_BYTES_MAX } from '../wire/limits.ts'
import type { SyncRequest } from '../wire/sync-messages.ts'
import { Conversation, itemsOf, type Source } from './conversation.ts'
import { SyncError } from './errors.ts'
import { greet } from './greeting.ts'
import { FETCH_WANTS_MAX, RECEIVE_BATCH, RECEIVE_BATCH_BYTES, WORTHLESS_DELTA_BYTES_MAX } from './limits.ts'
import type { SyncedContext } from './ports.ts'
import { pullSnapshot } from './snapshot-pull.ts'
import { Worth } from './worth.ts'

/**
 * Takes what the peer has and we lack. Returns how many deltas came. Where only its snapshot helps, it takes that: then
 * `context` has ended, and the rest is for the next pull. The peer has its time as long as each batch brings a delta that is held.
 */
export function pullDeltas(source: Source, context: SyncedContext, contextId: ContextId): Promise<number> {
  return conversing(source, async (conversation, worth) => {
    const { checkpoint: theirs, other } = await greet(conversation, context, contextId)
    if (other) await context.advance(other)
    if (theirs && (await context.advance(theirs)) === 'behind') {
      await pullSnapshot(conversation, { ...source, onPage: () => worth.judge(true) }, context, theirs)
      return 0
    }
    let total = 0
    for (;;) {
      const found = await compare(conversation, context, { contextId, worth })
      if (found.lacks.length > 0) {
        await told(conversation, { t: 'lacking', contextId, keys: found.lacks, more: found.lacksMore })
      }
      const before = sizeOf(context)
      const fetching = new DeltaFetch(conversation, { ...source, worth }, context, contextId)
      total += await fetching.fetch(acceptable(context, found.wants))
      // A peer that offers much and sends nothing that can be kept is not asked again.
      if (found.complete || sizeOf(context) <= before) return total
    }
  })
}

/** Takes what a peer has just named as lacking here. Returns how many deltas came. */
export function pullNamed(
  source: Source,
  context: SyncedContext,
  contextId: ContextId,
  keys: readonly ItemKey[],
): Promise<number> {
  const wants = lackingOf(context, keys).map((key): Want => ({ t: 'item', key }))
  if (wants.length === 0) return Promise.resolve(0)
  return conversing(source, (conversation, worth) =>
    new DeltaFetch(conversation, { ...source, worth }, context, contextId).fetch(wants),
  )
}

/** Those of `keys` that are not held here and may be taken, ascending. */
export function lackingOf(context: SyncedContext, keys: readonly ItemKey[]): ItemKey[] {
  const floor = context.heldFrom()
  const lacking = context.readHeld((view) => [...new Set(keys)].filter((key) => key >= floor && !view.has(key)))
  return lacking.filter((key) => !context.refuses(idOfKey<DeltaId>(key))).sort()
}

/** Without what has come before and was refused for ever; whole ranges may bring it again. */
function acceptable(context: SyncedContext, wants: readonly Want[]): Want[] {
  return wants.filter((want) => want.t === 'range' || !context.refuses(idOfKey<DeltaId>(want.key)))
}

function sizeOf(context: SyncedContext): number {
  return context.readHeld((view) => view.size)
}

async function compare(
  conversation: Conversation,
  context: SyncedContext,
  { contextId, worth }: { readonly contextId: ContextId; readonly worth: Worth },
): Promise<Differences> {
  const reconciliation = new Reconciliation((work) => context.readHeld(work), context.heldFrom())
  for (let probes = reconciliation.probes(); probes.length > 0; probes = reconciliation.probes()) {
    let isAnswered = false
    for await (const frame of conversation.ask({ t: 'compare', contextId, probes })) {
      if (frame.t !== 'answers')
        throw new SyncError('SYNC_INCOMPLETE', `the peer answers without a comparison, with ${frame.t}`)
      if (isAnswered) throw new SyncError('SYNC_INCOMPLETE', 'the peer answers with more than one comparison')
      isAnswered = true
      reconciliation.take(frame.answers, frame.floor)
      // There are only so many of them.
      worth.judge(true)
    }
    // Silence must not pass for "nothing differs".
    if (!isAnswered) throw new SyncError('SYNC_INCOMPLETE', 'the peer answers without a comparison')
  }
  return reconciliation.differences()
}

interface From extends Pick<Source, 'peer'> {
  readonly worth: Worth
}

class DeltaFetch {
  readonly #conversation: Conversation
  readonly #from: From
  readonly #context: SyncedContext
  readonly #contextId: ContextId
  #batch: Delta[] = []
  #batchBytes = 0
  #came = 0

  constructor(conversation: Conversation, from: From, context: SyncedContext, contextId: ContextId) {
    this.#conversation = conversation
    this.#from = from
    this.#context = context
    this.#contextId = contextId
  }

  /** `wants` ascend, so ancestors come first. */
  async fetch(wants: readonly Want[]): Promise<number> {
    try {
      for (let start = 0; start < wants.length; start += FETCH_WANTS_MAX) {
        await this.#fetchSome(wants.slice(start, start + FETCH_WANTS_MAX))
      }
    } finally {
      // What came before a break counts: the next pull goes on from there.
      await this.#flush()
    }
    return this.#came
  }

  async #fetchSome(wants: readonly Want[]): Promise<void> {
    let reached: ItemKey = ''
    for (let left = wants; left.length > 0; left = wantsBehind(left, reached)) {
      const before = reached
      let more = false
      const request = { t: 'fetch' as const, contextId: this.#contextId, wants: left }
      const frames = this.#conversation.ask(request, (end) => {
        more = end.more
      })
      for await (const items of itemsOf(frames, DELTA_BYTES_MAX)) {
        for (const item of items) {
          const delta = decodeDelta(item)
          if (delta.id <= reached)
            throw new SyncError('SYNC_INCOMPLETE', 'the peer sends deltas out of order, or again')
          reached = delta.id
          await this.#take(delta, item.byteLength)
        }
      }
      // A peer that says "more" and gets no further is not asked again.
      if (!more || reached <= before) return
    }
  }

  async #take(delta: Delta, bytes: number): Promise<void> {
    if (this.#context.holds(delta.id) || this.#context.refuses(delta.id)) return
    this.#batch.push(delta)
    this.#batchBytes += bytes
    if (this.#batch.length >= RECEIVE_BATCH || this.#batchBytes >= RECEIVE_BATCH_BYTES) await this.#flush()
  }

  async #flush(): Promise<void> {
    const deltas = this.#batch
    this.#batch = []
    this.#batchBytes = 0
    this.#came += deltas.length
    if (deltas.length === 0) return
    await this.#context.receive(deltas, this.#from.peer)
    // None of them was before.
    this.#from.worth.judge(deltas.some(({ id }) => this.#context.holds(id)))
  }
}

async function told(conversation: Conversation, request: SyncRequest): Promise<void> {
  for await (const frame of conversation.ask(request)) {
    throw new SyncError('SYNC_INCOMPLETE', `the peer answers ${request.t} with ${frame.t}`)
  }
}

async function conversing<T>(
  source: Source,
  talk: (conversation: Conversation, worth: Worth) => Promise<T>,
): Promise<T> {
  const worth = new Worth(source.onBytes, WORTHLESS_DELTA_BYTES_MAX)
  const conversation = await Conversation.open({ ...source, onBytes: (count) => worth.came(count) })
  try {
    return await talk(conversation, worth)
  } finally {
    await conversation.close()
  }
}
