// All sessions of server-sent events: opened, found again by their owner, and let go when nobody has come back.
import type { Random } from '../../base/random.ts'
import { ServerError } from '../errors.ts'
import type { Hub } from './hub.ts'
import { SESSION_KEPT_MS, SESSIONS_MAX } from './limits.ts'
import { SseSession } from './sse-session.ts'

interface SessionsParts {
  readonly hub: Hub
  readonly random: Random
  readonly nowMs: () => number
}

export class SseSessions {
  readonly #parts: SessionsParts
  readonly #sessions = new Map<string, SseSession>()

  constructor(parts: SessionsParts) {
    this.#parts = parts
  }

  /** Throws BUSY where as many are connected as may be. */
  open(owner: string | undefined): SseSession {
    const { hub, nowMs, random } = this.#parts
    this.#sweep()
    const id = new DataView(random.bytes(8).slice().buffer).getBigUint64(0).toString()
    const session = new SseSession({ id, owner, hub, nowMs })
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

  close(): void {
    for (const session of this.#sessions.values()) session.end('the node is stopping')
    this.#sessions.clear()
  }

  /** Who was left longest ago goes first. */
  #sweep(): void {
    const left = [...this.#sessions.values()].filter(({ isActive, leftAtMs }) => !isActive && leftAtMs !== undefined)
    left.sort((a, b) => (a.leftAtMs ?? 0) - (b.leftAtMs ?? 0))
    const expiredBefore = this.#parts.nowMs() - SESSION_KEPT_MS
    for (const session of left) {
      if ((session.leftAtMs ?? 0) > expiredBefore && this.#sessions.size < SESSIONS_MAX) break
      this.#sessions.delete(session.id)
      session.end('the session is over')
    }
    if (this.#sessions.size >= SESSIONS_MAX) {
      throw new ServerError('BUSY', `${SESSIONS_MAX} streams of events are open, and no more are taken`)
    }
  }
}
