// The asking side for the base of a context: one member after the other, until what one gives is taken.
import type { Bytes } from '../base/bytes.ts'
import { type ContextId, idBase58 } from '../base/ids.ts'
import type { Network, PeerId } from '../network/network.ts'
import { StorageError } from '../storage/errors.ts'
import { StoreError } from '../store/errors.ts'
import { ask, type Source } from './conversation.ts'
import { BASE_BYTES_MAX, BASE_DOUBLED_MAX, BASE_ENTRY_BYTES, BASE_PORTION_BYTES, BASE_SLOW_MAX } from './limits.ts'
import { failureOf, nobody } from './pulling.ts'
import type { UnderWay } from './under-way.ts'

type Entry = readonly [Bytes, Bytes]

export interface BaseRequest {
  readonly contextId: ContextId
  /** In the order in which they are asked. */
  readonly peers: readonly PeerId[]
  /** Throws StorageError where the entries are not those of the base. Whatever it throws but StoreError, the next one is asked. */
  readonly take: (entries: AsyncIterable<Entry>) => Promise<void>
  readonly signal?: AbortSignal | undefined
}

/** `late`: its time was too short. `false`: it had enough, for what was of no use. `broken`: how much it needs was not seen. */
type Outcome = 'late' | 'false' | 'broken'

interface Known {
  /** Attempts of it that came to nothing, and nobody else could be asked after. */
  readonly turns: number
  readonly times: number
}

/** Whose attempts have come to nothing, by context: who had fewer comes first. */
export class SlowPeers {
  readonly #known = new Map<string, Known>()

  /** How many times the time of a conversation it has. */
  times(contextId: ContextId, peer: PeerId): number {
    return this.#known.get(`${contextId} ${peer}`)?.times ?? 1
  }

  turns(contextId: ContextId, peer: PeerId): number {
    return this.#known.get(`${contextId} ${peer}`)?.turns ?? 0
  }

  /** Who was late has more time the next time, and keeps it where a link breaks; who sent something false has it no more. */
  add(contextId: ContextId, peer: PeerId, outcome: Outcome): void {
    const key = `${contextId} ${peer}`
    const before = this.times(contextId, peer)
    const next = { late: Math.min(2 * before, 2 ** BASE_DOUBLED_MAX), false: 1, broken: before }
    const times = next[outcome]
    const turns = this.turns(contextId, peer) + 1
    this.#known.delete(key)
    this.#known.set(key, { turns, times })
    const [oldest] = this.#known.keys()
    if (this.#known.size > BASE_SLOW_MAX && oldest !== undefined) this.#known.delete(oldest)
  }
}

interface FetchParts {
  readonly network: Network
  readonly underWay: UnderWay
  readonly slow: SlowPeers
}

/**
 * Nobody further is asked once the time of one conversation is over: the caller tries again, with others first. Throws SYNC_NO_PEER
 * with every failure when none succeeds, and what is wrong with our own store as it is.
 */
export function fetchBase({ contextId, peers, take, signal }: BaseRequest, parts: FetchParts): Promise<void> {
  const { network, underWay, slow } = parts
  const turnsOf = (peer: PeerId) => slow.turns(contextId, peer)
  return underWay.limited(signal, async (turn) => {
    const failures: string[] = []
    for (const peer of [...peers].sort((a, b) => turnsOf(a) - turnsOf(b))) {
      if (turn.aborted) break
      let isLate = () => false
      try {
        return await underWay.limited(
          signal,
          (limit, renew) => {
            isLate = () => limit.aborted
            return take(pullBase({ network, peer, signal: limit }, contextId, renew))
          },
          slow.times(contextId, peer),
        )
      } catch (error) {
        if (error instanceof StoreError) throw error
        // Whoever has taken the turn, and be it with something false in time, has kept the others from theirs.
        if (!signal?.aborted && (isLate() || turn.aborted)) slow.add(contextId, peer, outcomeOf(error, isLate()))
        failures.push(failureOf(peer, error))
      }
    }
    signal?.throwIfAborted()
    throw nobody(`the base of context ${idBase58(contextId)}`, failures)
  })
}

function outcomeOf(error: unknown, isLate: boolean): Outcome {
  if (isLate) return 'late'
  return error instanceof StorageError ? 'false' : 'broken'
}

/** `onPortion`: so much has come that the peer may have its time again. Throws StorageError where it is more than any base. */
async function* pullBase(source: Source, contextId: ContextId, onPortion: () => void): AsyncGenerator<Entry> {
  let bytes = 0
  let portions = 0
  for await (const frame of ask({ ...source, request: { t: 'base', contextId } })) {
    if (frame.t !== 'entries') continue
    for (const { key, value } of frame.entries) {
      bytes += key.byteLength + value.byteLength + BASE_ENTRY_BYTES
      yield [key, value]
    }
    if (bytes > BASE_BYTES_MAX) {
      throw new StorageError('SNAPSHOT_INVALID', `the base that ${source.peer} sends grew over ${BASE_BYTES_MAX} bytes`)
    }
    if (bytes < (portions + 1) * BASE_PORTION_BYTES) continue
    portions = Math.floor(bytes / BASE_PORTION_BYTES)
    onPortion()
  }
}
