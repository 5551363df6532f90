// What members show to each other for the moment, such as cursors: one value of each member in each context, the later one
// counts. It is in memory only; who is not heard of for 7 s shows nothing any more.
//
// Invariants
// 1. A value of another member is taken only with its signature, from who may read the context, and under a key that is
//    known here. A member's value under another key has that asked for: what it shows is said again, and seen then.
// 2. What was taken once is not taken again: the number of the last is remembered while its author is a member, and what
//    was said long ago, or on a clock far from ours, is not taken at all.
// 3. However fast it changes, so much of one member is said, taken and told, and no more: the latest counts.
// 4. Nothing is stored, but for a key where none fits any more, as for a call; and nobody waits for anybody.
import { type Bytes, equalBytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { ContextId, GroupId, KeyId, PublicKey } from '../../base/ids.ts'
import type { SigningKey } from '../../base/keys.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { openPresence, type Presence, sealPresence, verifyPresence } from '../../wire/presence.ts'
import {
  PRESENCE_AGAIN_MS,
  PRESENCE_AUTHORS_MAX,
  PRESENCE_BURST,
  PRESENCE_CLOCKS_MS,
  PRESENCE_GONE_MS,
  PRESENCE_LOOK_MS,
  PRESENCE_SAY_MS,
} from '../limits.ts'
import type { PresenceEvent } from '../ports.ts'
import { Pace } from './pace.ts'

export interface PresencesParts {
  readonly identity: SigningKey
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Undefined: the context is not here. */
  readonly groupOf: (id: ContextId) => GroupId | undefined
  readonly mayRead: (id: ContextId, publicKey: PublicKey) => boolean
  /** Undefined: not known, or nothing is to be sealed with it any more. */
  readonly sealingKey: (group: GroupId) => { readonly keyId: KeyId; readonly key: Bytes } | undefined
  /** There is no sealing key: makes one, if none fits and this member may. */
  readonly renewKey: (group: GroupId) => Promise<void>
  readonly openingKey: (group: GroupId, keyId: KeyId) => Bytes | undefined
  /** `author` seals with a key that `openingKey` did not have: nothing else may ever ask for it. */
  readonly onKeyMissing: (group: GroupId, author: PublicKey) => void
  readonly publish: (presence: Presence) => Promise<void>
  readonly onEvent: (event: PresenceEvent) => void
  /** Members whose presence in one context is held; `PRESENCE_AUTHORS_MAX` where nothing is said. */
  readonly authorsMax?: number
}

interface Shown {
  /** Undefined: nothing any more. */
  state: Bytes | undefined
  seq: bigint
  heardMs: number
  readonly pace: Pace
}

type Authors = Map<PublicKey, Shown>

export class Presences {
  readonly #parts: PresencesParts
  readonly #shown = new Map<ContextId, Authors>()
  /** Where something of ours is new and has not been said. */
  readonly #unsaid = new Map<ContextId, Shown>()
  #cancel: (() => void) | undefined
  #cancelSaying: (() => void) | undefined
  #closed = false

  constructor(parts: PresencesParts) {
    this.#parts = parts
  }

  /**
   * Shows this to the members, until the node ends or something else is shown. The caller may read the context. Of what
   * comes in quick succession the last is said.
   */
  set(contextId: ContextId, state: Bytes): void {
    const { clock, identity } = this.#parts
    const own = this.#of(contextId).get(identity.publicKey)
    if (this.#closed || (own?.state && equalBytes(own.state, state))) return
    const pace = own?.pace ?? new Pace(clock, { burst: 1, everyMs: PRESENCE_SAY_MS })
    const shown = { state, seq: own?.seq ?? 0n, heardMs: own?.heardMs ?? clock.nowMs(), pace }
    this.#put(contextId, identity.publicKey, shown)
    this.#unsaid.set(contextId, shown)
    this.#sayNew()
    this.#lookLater()
  }

  /** Shows nothing any more: it is not said again, and the others forget it after a while. */
  hide(contextId: ContextId): void {
    const { publicKey } = this.#parts.identity
    const own = this.#of(contextId).get(publicKey)
    if (own?.state === undefined) return
    own.state = undefined
    this.#unsaid.delete(contextId)
    this.#tell(contextId, publicKey, undefined)
  }

  receive(presence: Presence): void {
    const { groupOf, mayRead, openingKey, onKeyMissing, identity, clock, log } = this.#parts
    const { contextId, author, seq, keyId } = presence
    const group = groupOf(contextId)
    if (this.#closed || group === undefined || author === identity.publicKey || !mayRead(contextId, author)) return
    const known = this.#of(contextId).get(author)
    if ((known && known.seq >= seq) || !this.#isOfNow(seq) || (known && known.pace.waitMs > 0)) return
    const isSigned = verifyPresence(presence)
    // Not before: whoever is no member has no key asked for.
    const key = isSigned ? openingKey(group, keyId) : undefined
    if (key === undefined) {
      log.debug({ contextId, author, isSigned }, 'presence not taken')
      if (isSigned) onKeyMissing(group, author)
      return
    }
    const pace = known?.pace ?? new Pace(clock, { burst: PRESENCE_BURST, everyMs: PRESENCE_SAY_MS })
    // Only what it has signed counts for a member.
    pace.take()
    const state = openPresence(presence, key)
    const isNew = !known?.state || !equalBytes(known.state, state)
    this.#put(contextId, author, { state, seq, heardMs: clock.nowMs(), pace })
    if (isNew) this.#tell(contextId, author, state)
    this.#lookLater()
  }

  /** What is shown in a context now, with its age: for who begins to watch. */
  shownIn(contextId: ContextId): PresenceEvent[] {
    const nowMs = this.#parts.clock.nowMs()
    return [...(this.#shown.get(contextId) ?? [])].flatMap(([author, { state, heardMs }]) => {
      const ageMs = Math.max(0, Math.round(nowMs - heardMs))
      return state === undefined || ageMs > PRESENCE_GONE_MS ? [] : [{ contextId, presence: { author, state, ageMs } }]
    })
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true
    this.#cancel?.()
    this.#cancelSaying?.()
    this.#unsaid.clear()
    this.#shown.clear()
  }

  #of(contextId: ContextId): Authors {
    return this.#shown.get(contextId) ?? new Map<PublicKey, Shown>()
  }

  #put(contextId: ContextId, author: PublicKey, shown: Shown): void {
    const authors = this.#of(contextId)
    this.#shown.set(contextId, authors)
    authors.set(author, shown)
    if (authors.size <= (this.#parts.authorsMax ?? PRESENCE_AUTHORS_MAX)) return
    const others = [...authors].filter(([each]) => each !== author && each !== this.#parts.identity.publicKey)
    const [oldest] = others.toSorted(([, a], [, b]) => a.heardMs - b.heardMs)
    if (!oldest) return
    authors.delete(oldest[0])
    if (oldest[1].state !== undefined) this.#tell(contextId, oldest[0], undefined)
  }

  #tell(contextId: ContextId, author: PublicKey, state: Bytes | undefined): void {
    this.#parts.onEvent({ contextId, presence: { author, ...(state === undefined ? {} : { state }) } })
  }

  /** Without a key nothing is said now; it is said again soon. */
  #say(contextId: ContextId, own: Shown): void {
    const { groupOf, sealingKey, renewKey, identity, clock, random, publish, log } = this.#parts
    const group = groupOf(contextId)
    own.heardMs = clock.nowMs()
    if (group === undefined || own.state === undefined) return
    const sealing = sealingKey(group)
    if (sealing === undefined) {
      renewKey(group).catch((error) => log.debug({ contextId, error: String(error) }, 'no key for presence'))
      return
    }
    const nowMs = BigInt(Math.max(0, Math.floor(clock.nowMs())))
    // Nobody has taken a number so far ahead: the clock was wrong then.
    const isWrong = own.seq - nowMs > PRESENCE_CLOCKS_MS
    own.seq = nowMs > own.seq || isWrong ? nowMs : own.seq + 1n
    const head = { contextId, author: identity.publicKey, seq: own.seq, keyId: sealing.keyId }
    const presence = sealPresence({ head, state: own.state, groupKey: sealing.key, signingKey: identity, random })
    publish(presence).catch((error) => log.debug({ contextId, error: String(error) }, 'presence not sent'))
  }

  /** Says what is new wherever it may go on, and the rest as soon as it may. */
  #sayNew(): void {
    this.#cancelSaying?.()
    this.#cancelSaying = undefined
    for (const [contextId, shown] of [...this.#unsaid]) {
      const { publicKey } = this.#parts.identity
      const isShown = shown.state !== undefined && this.#of(contextId).get(publicKey) === shown
      if (isShown && !shown.pace.take()) continue
      this.#unsaid.delete(contextId)
      if (!isShown) continue
      this.#say(contextId, shown)
      this.#tell(contextId, publicKey, shown.state)
    }
    if (this.#unsaid.size === 0) return
    const waitMs = Math.min(...[...this.#unsaid.values()].map(({ pace }) => pace.waitMs))
    this.#cancelSaying = this.#parts.clock.setTimer(() => this.#sayNew(), Math.max(1, waitMs))
  }

  #isOfNow(seq: bigint): boolean {
    const apart = seq - BigInt(Math.floor(this.#parts.clock.nowMs()))
    return apart <= PRESENCE_CLOCKS_MS && -apart <= PRESENCE_CLOCKS_MS
  }

  #lookLater(): void {
    if (this.#closed || this.#cancel) return
    this.#cancel = this.#parts.clock.setTimer(() => {
      this.#cancel = undefined
      if (this.#look()) this.#lookLater()
    }, PRESENCE_LOOK_MS)
  }

  /** Whether there is anything left to look after. */
  #look(): boolean {
    let isAnything = false
    for (const [contextId, authors] of [...this.#shown]) {
      if (this.#parts.groupOf(contextId) === undefined) {
        this.#shown.delete(contextId)
        continue
      }
      for (const [author, shown] of [...authors]) isAnything = this.#lookAt(contextId, author, shown) || isAnything
    }
    return isAnything
  }

  #lookAt(contextId: ContextId, author: PublicKey, shown: Shown): boolean {
    const { mayRead, identity, clock } = this.#parts
    const isMember = mayRead(contextId, author)
    if (!isMember) this.#shown.get(contextId)?.delete(author)
    if (shown.state === undefined) return false
    // The clock may have been set back.
    shown.heardMs = Math.min(shown.heardMs, clock.nowMs())
    const ageMs = clock.nowMs() - shown.heardMs
    const isOwn = author === identity.publicKey
    if (!isMember || (!isOwn && ageMs > PRESENCE_GONE_MS)) {
      shown.state = undefined
      this.#tell(contextId, author, undefined)
      return false
    }
    if (isOwn && ageMs >= PRESENCE_AGAIN_MS) this.#say(contextId, shown)
    return true
  }
}
