// Who is asked for the keys of a group that are lacking here: one member after another until all have come. Who lacks a
// key itself, refuses or is silent must not keep the next from being asked, and is left alone for a while.
import type { Clock } from '../base/clock.ts'
import type { GroupId, NamespaceId, OpId } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import { type Random, shuffled } from '../base/random.ts'
import type { PeerId } from '../network/network.ts'
import { publicKeyOfPeer } from '../network/peer-id.ts'
import {
  KEY_ASKED_MAX,
  KEY_PATIENCE_MS,
  KEY_PAUSE_FIRST_MS,
  KEY_PAUSE_LAST_MS,
  KEY_ROUND_GROUPS_MAX,
  SYNC_GAP_MS,
} from './limits.ts'
import type { SyncedNamespace } from './ports.ts'

interface KeyRequestsParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** One request; resolves with how many keys were new. */
  readonly request: (peer: PeerId, namespace: SyncedNamespace, groupId: GroupId) => Promise<number>
  /** Pulls what the log of a peer has and ours lacks. */
  readonly catchUp: (peer: PeerId, namespace: SyncedNamespace) => void
}

interface KeyFetch {
  readonly peers: readonly PeerId[]
  readonly signal: AbortSignal
  /** Of the periodic round: then nobody is left alone for longer than between two of these. */
  readonly isRound?: boolean
}

/** What a peer was last asked for in vain. */
interface Vain {
  readonly atMs: number
  readonly times: number
  /** What we knew of the namespace: a newer log may name a key that the peer has. */
  readonly heads: string
}

export class KeyRequests {
  readonly #parts: KeyRequestsParts
  /** By peer, then by group. */
  readonly #vain = new Map<PeerId, Map<GroupId, Vain>>()
  /** When a holder was last asked, by peer, then by group. */
  readonly #holders = new Map<PeerId, Map<GroupId, number>>()
  readonly #running = new Set<string>()
  readonly #rounds = new Set<NamespaceId>()

  constructor(parts: KeyRequestsParts) {
    this.#parts = parts
  }

  /**
   * Resolves when nothing is lacking, everyone of `peers` that is to be asked now has answered or kept silent for
   * `KEY_PATIENCE_MS`, or `signal` aborts. Answers that come later are taken, too.
   */
  async fetch(
    namespace: SyncedNamespace,
    groupId: GroupId,
    { peers, signal, isRound = false }: KeyFetch,
  ): Promise<void> {
    const isMember = (peer: PeerId) => namespace.isMember(groupId, publicKeyOfPeer(peer))
    // While half of the log is here members look like strangers: those come last, but are asked.
    const ordered = [...peers.filter(isMember), ...peers.filter((peer) => !isMember(peer))]
    let asked = 0
    for (const peer of ordered) {
      if (signal.aborted || asked >= KEY_ASKED_MAX || !namespace.lacksKeys(groupId)) return
      if (!this.#isDue(peer, namespace, groupId, isRound ? SYNC_GAP_MS : KEY_PAUSE_LAST_MS)) continue
      asked += 1
      await this.#orPatience(this.#ask(peer, namespace, groupId), signal)
    }
  }

  /**
   * With each periodic round of a namespace: keys of a few groups, any of them, so that none is left out for ever; of members that
   * were asked in vain however often. One round at a time.
   */
  async round(
    namespace: SyncedNamespace,
    { choose, signal }: { readonly choose: () => readonly PeerId[]; readonly signal: AbortSignal },
  ): Promise<void> {
    const lacking = namespace.groupsLackingKeys()
    if (lacking.length === 0 || this.#rounds.has(namespace.id)) return
    this.#rounds.add(namespace.id)
    try {
      for (const groupId of shuffled(lacking, this.#parts.random).slice(0, KEY_ROUND_GROUPS_MAX)) {
        await this.fetch(namespace, groupId, { peers: choose(), signal, isRound: true })
      }
    } finally {
      this.#rounds.delete(namespace.id)
    }
  }

  /**
   * `peer` has just shown that it has a key which is not here: it is asked however often it was in vain, after the first pause
   * each time. Our log may not even name the key: what the peer's has is pulled first.
   */
  askHolder(peer: PeerId, namespace: SyncedNamespace, groupId: GroupId): void {
    const nowMs = this.#parts.clock.nowMs()
    const groups = this.#holders.get(peer) ?? new Map<GroupId, number>()
    if (nowMs - (groups.get(groupId) ?? Number.NEGATIVE_INFINITY) < KEY_PAUSE_FIRST_MS) return
    this.#holders.set(peer, groups.set(groupId, nowMs))
    this.#parts.catchUp(peer, namespace)
    const isRunning = this.#running.has(`${groupId} ${peer}`)
    if (!isRunning && namespace.lacksKeys(groupId)) void this.#ask(peer, namespace, groupId)
  }

  /** It may have been away, and have learned more. */
  forget(peer: PeerId): void {
    this.#vain.delete(peer)
    this.#holders.delete(peer)
  }

  #isDue(peer: PeerId, namespace: SyncedNamespace, groupId: GroupId, lastMs: number): boolean {
    if (this.#running.has(`${groupId} ${peer}`)) return false
    const vain = this.#vain.get(peer)?.get(groupId)
    if (vain === undefined) return true
    const times = vain.heads === digestOf(namespace.heads()) ? vain.times : 1
    const pauseMs = Math.min(KEY_PAUSE_FIRST_MS * 2 ** Math.min(times - 1, 20), lastMs)
    return this.#parts.clock.nowMs() - vain.atMs >= pauseMs
  }

  async #ask(peer: PeerId, namespace: SyncedNamespace, groupId: GroupId): Promise<void> {
    const key = `${groupId} ${peer}`
    this.#running.add(key)
    try {
      const added = await this.#parts.request(peer, namespace, groupId)
      // It is within reach again: what it was asked for in vain, perhaps over a way that was closed, it is asked for at once.
      if (added > 0) this.forget(peer)
    } catch (error) {
      this.#parts.log.debug({ groupId, peer, error: String(error) }, 'group key not delivered yet')
    } finally {
      this.#running.delete(key)
      if (namespace.lacksKeys(groupId)) this.#note(peer, namespace, groupId)
      else this.#vain.get(peer)?.delete(groupId)
    }
  }

  #note(peer: PeerId, namespace: SyncedNamespace, groupId: GroupId): void {
    const heads = digestOf(namespace.heads())
    const groups = this.#vain.get(peer) ?? new Map<GroupId, Vain>()
    const before = groups.get(groupId)
    const times = before?.heads === heads ? before.times + 1 : 1
    this.#vain.set(peer, groups.set(groupId, { atMs: this.#parts.clock.nowMs(), times, heads }))
  }

  #orPatience(answer: Promise<void>, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = this.#parts.clock.setTimer(done, KEY_PATIENCE_MS)
      signal.addEventListener('abort', done)
      void answer.then(done)
    })
  }
}

function digestOf(heads: readonly OpId[]): string {
  return heads.join()
}
