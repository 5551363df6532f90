// All sessions of server-sent events: opened, found again by their owner, and let go when nobody has come back.
import type { Random } from '../../base/random.ts'
import type { Asker } from '../access/asker.ts'
import { ServerError } from '../errors.ts'
import type { Hub } from './hub.ts'
import type { Keeper } from './keeper.ts'
import { SESSION_KEPT_MS, SESSIONS_MAX, SESSIONS_PER_KEY_MAX } from './limits.ts'
import { Replays } from './replays.ts'
import { SseSession } from './sse-session.ts'

interface SessionsParts {
  readonly hub: Hub
  readonly keeper: Keeper
  readonly random: Random
  readonly nowMs: () => number
}

export class SseSessions {
  readonly #parts: SessionsParts
  readonly #sessions = new Map<string, SseSession>()
  readonly #replays = new Replays()

  constructor(parts: SessionsParts) {
    this.#parts = parts
  }

  /** Throws BUSY where as many are connected as may be, of all or of this key. */
  open(asker: Asker): SseSession {
    const { hub, keeper, nowMs, random } = this.#parts
    this.#sweep(asker.keyId)
    const id = new DataView(random.bytes(8).slice().buffer).getBigUint64(0).toString()
    const session = new SseSession({ id, asker, hub, keeper, replay: this.#replays.of(asker.keyId), nowMs })
    this.#sessions.set(id, session)
    return session
  }

  /** Throws NOT_FOUND, and FORBIDDEN where it is somebody else's. */
  get(id: string, owner: string | undefined): SseSession {
    const session = this.find(id)
    if (!session) throw new ServerError('NOT_FOUND', `there is no session ${id}: it was never opened, or is over`)
    if (session.owner !== owner) throw new ServerError('FORBIDDEN', `session ${id} is another client's`)
    return session
  }

  find(id: string): SseSession | undefined {
    return this.#sessions.get(id)
  }

  /** Those that somebody reads. */
  get active(): number {
    return [...this.#sessions.values()].filter(({ isActive }) => isActive).length
  }

  close(): void {
    for (const session of this.#sessions.values()) session.end('the node is stopping')
    this.#sessions.clear()
  }

  /** Makes room for one of this key: who was left longest ago goes first. */
  #sweep(owner: string | undefined): void {
    const left = [...this.#sessions.values()].filter(({ isActive, leftAtMs }) => !isActive && leftAtMs !== undefined)
    left.sort((a, b) => (a.leftAtMs ?? 0) - (b.leftAtMs ?? 0))
    const expiredBefore = this.#parts.nowMs() - SESSION_KEPT_MS
    const ofOwner = owner === undefined ? 0 : [...this.#sessions.values()].filter((each) => each.owner === owner).length
    let surplus = ofOwner - SESSIONS_PER_KEY_MAX + 1
    for (const session of left) {
      const isSurplus = surplus > 0 && session.owner === owner
      const isExpired = (session.leftAtMs ?? 0) <= expiredBefore
      if (!isSurplus && !isExpired && this.#sessions.size < SESSIONS_MAX) continue
      if (session.owner === owner) surplus -= 1
      this.#sessions.delete(session.id)
      session.end('the session is over')
    }
    if (surplus > 0) {
      throw new ServerError(
        'BUSY',
        `this key has ${SESSIONS_PER_KEY_MAX} streams of events open, and no more are taken`,
      )
    }
    if (this.#sessions.size >= SESSIONS_MAX) {
      throw new ServerError('BUSY', `${SESSIONS_MAX} streams of events are open, and no more are taken`)
    }
  }
}
