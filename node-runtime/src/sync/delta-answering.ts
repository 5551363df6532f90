// The serving side for deltas: compares ranges of the held ids, streams what is asked for, and hears what is lacking here.
// The caller has checked that the asker may read the context.
import type { ContextId } from '../base/ids.ts'
import type { FrameStream, PeerId } from '../network/network.ts'
import { answerProbes, keysOfWants, type Want, wantsBehind } from '../reconcile/answer.ts'
import { type ItemKey, idOfKey } from '../reconcile/item-key.ts'
import { decodeHeads } from '../wire/gossip.ts'
import type { SyncRequest } from '../wire/sync-messages.ts'
import { ItemWriter, sendFrame } from './conversation.ts'
import { lackingOf } from './delta-pull.ts'
import { SyncError } from './errors.ts'
import { greetingOf } from './greeting.ts'
import { FETCH_PAGE } from './limits.ts'
import type { SyncedContext } from './ports.ts'

export type DeltaRequest = Extract<SyncRequest, { t: 'greet' | 'compare' | 'fetch' | 'lacking' }>

export interface DeltaAnsweringParts {
  /** Ids in one answer; the asker asks again for the rest. */
  readonly answerIdsMax: number
  /** A peer has what is not here: `keys`, and other things where it says `more`. */
  readonly onLacking: (contextId: ContextId, peer: PeerId, keys: readonly ItemKey[], more: boolean) => void
}

interface Asked {
  readonly peer: PeerId
  readonly request: DeltaRequest
  readonly context: SyncedContext
  readonly stream: FrameStream
}

export class DeltaAnswering {
  readonly #parts: DeltaAnsweringParts

  constructor(parts: DeltaAnsweringParts) {
    this.#parts = parts
  }

  async answer({ peer, request, context, stream }: Asked): Promise<void> {
    if (request.t === 'fetch') return this.#fetch(request, context, stream)
    if (request.t === 'greet') {
      const beat = request.beat && decodeHeads(request.beat)
      if (beat) await context.acknowledge([beat])
      await sendFrame(stream, greetingOf(context, { beneath: beat?.checkpoint, other: request.other }))
    } else if (request.t === 'compare') {
      const floor = context.heldFrom()
      const answers = context.readHeld((view) => answerProbes(view, request.probes, { floor }))
      await sendFrame(stream, { t: 'answers', floor, answers })
    } else {
      const keys = lackingOf(context, request.keys)
      if (keys.length > 0 || request.more) this.#parts.onLacking(request.contextId, peer, keys, request.more)
    }
    await sendFrame(stream, { t: 'end', more: false })
  }

  async #fetch(
    request: Extract<DeltaRequest, { t: 'fetch' }>,
    context: SyncedContext,
    stream: FrameStream,
  ): Promise<void> {
    const { answerIdsMax } = this.#parts
    const writer = new ItemWriter(stream)
    let sent = 0
    let left = request.wants
    let isCut = false
    while (left.length > 0 && sent < answerIdsMax && !isCut) {
      const wants = left
      const limit = Math.min(FETCH_PAGE, answerIdsMax - sent)
      const found = context.readHeld((view) => keysOfWants(view, wants, { limit }))
      isCut = found.isCut
      const last = found.keys.at(-1)
      if (last === undefined) break
      for (const key of found.keys) await this.#add(writer, context, key)
      sent += found.keys.length
      left = wantsBehind(wants, last)
    }
    await writer.flush()
    // Whoever names much that is not here is left with what was found so far: the rest is another request.
    const more = isCut || (sent >= answerIdsMax && hasAnyOf(left, context))
    await sendFrame(stream, { t: 'end', more })
  }

  async #add(writer: ItemWriter, context: SyncedContext, key: ItemKey): Promise<void> {
    const delta = context.encodedDelta(idOfKey(key))
    if (delta) return writer.add(delta)
    // Forgotten since it was listed; it is nobody's loss. Listed and not stored would be.
    if (context.readHeld((view) => !view.has(key))) return
    throw new SyncError('SYNC_INCOMPLETE', `a delta is listed, not stored: ${key}`)
  }
}

/** True also where that would take too long to say. */
function hasAnyOf(wants: readonly Want[], context: SyncedContext): boolean {
  const { keys, isCut } = context.readHeld((view) => keysOfWants(view, wants, { limit: 1 }))
  return isCut || keys.length > 0
}
