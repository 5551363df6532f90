// Keys and logins: all in memory, each change in the store first. Who changes several things does so in one `change`.
import type { Bytes } from '../../base/bytes.ts'
import { fromHex, utf8 } from '../../base/bytes.ts'
import { QueueError, SerialQueue } from '../../base/serial-queue.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type Store, type StoreOp } from '../../store/store.ts'
import { AuthError } from '../errors.ts'
import { WRITES_WAITING_MAX } from '../limits.ts'
import { decodeKey, decodeSession, encodeRecord, type Key, type RootKey, type Session } from './records.ts'

export interface BookChange {
  putKey(key: Key): void
  /** With all its sessions. */
  dropKey(id: string): void
  putSession(session: Session): void
  dropSession(session: Session): void
  /** The key stays; nobody is logged in with it any more. */
  dropSessionsOf(keyId: string): void
}

const KEY = utf8('k')
const SESSION = utf8('s')

export class KeyBook {
  readonly #store: Store
  readonly #queue = new SerialQueue(WRITES_WAITING_MAX)
  readonly #keys = new Map<string, Key>()
  /** By key, the oldest first. */
  readonly #sessions = new Map<string, Map<string, Session>>()

  readonly #onLess: () => void

  private constructor(store: Store, onLess: () => void) {
    this.#store = store
    this.#onLess = onLess
  }

  /** `onLess`: a key or login has ended, or may do less than before, perhaps. */
  static async open(store: Store, onLess: () => void = () => {}): Promise<KeyBook> {
    const book = new KeyBook(store, onLess)
    for await (const [, value] of store.entries(rangeOf(keyOf('auth', KEY)))) {
      const key = decodeKey(value)
      book.#keys.set(key.id, key)
    }
    const sessions: Session[] = []
    for await (const [, value] of store.entries(rangeOf(keyOf('auth', SESSION)))) sessions.push(decodeSession(value))
    for (const session of sessions.sort((a, b) => a.createdAtMs - b.createdAtMs)) book.#remember(session)
    return book
  }

  key(id: string): Key | undefined {
    return this.#keys.get(id)
  }

  keys(): Key[] {
    return [...this.#keys.values()]
  }

  roots(): RootKey[] {
    return this.keys().filter((key) => key.kind === 'root')
  }

  session(keyId: string, sessionId: string): Session | undefined {
    return this.#sessions.get(keyId)?.get(sessionId)
  }

  /** The oldest first. */
  sessionsOf(keyId: string): Session[] {
    return [...(this.#sessions.get(keyId)?.values() ?? [])]
  }

  /**
   * One change after the other: what `plan` reads is still so when it is written. Durable once resolved; nothing has
   * changed where `plan` throws.
   */
  async change<T>(plan: (change: BookChange) => T): Promise<T> {
    try {
      return await this.#queue.run(async () => {
        const ops: StoreOp[] = []
        const effects: (() => void)[] = []
        let isLess = false
        const result = plan(
          this.#changeInto(ops, effects, () => {
            isLess = true
          }),
        )
        if (ops.length > 0) await this.#store.batch(ops)
        for (const effect of effects) effect()
        if (isLess) this.#onLess()
        return result
      })
    } catch (cause) {
      if (!(cause instanceof QueueError)) throw cause
      throw new AuthError('AUTH_BUSY', 'too many changes of keys and logins wait; try again in a second', { cause })
    }
  }

  #changeInto(ops: StoreOp[], effects: (() => void)[], less: () => void): BookChange {
    const dropSession = (session: Session) => {
      less()
      ops.push({ type: 'del', key: sessionKey(session) })
      effects.push(() => this.#forget(session))
    }
    const dropSessionsOf = (keyId: string) => {
      for (const session of this.sessionsOf(keyId)) dropSession(session)
    }
    return {
      dropSession,
      dropSessionsOf,
      putKey: (key) => {
        if (this.#keys.has(key.id)) less()
        ops.push({ type: 'put', key: keyOf('auth', KEY, fromHex(key.id)), value: encodeRecord(key) })
        effects.push(() => this.#keys.set(key.id, key))
      },
      dropKey: (id) => {
        less()
        dropSessionsOf(id)
        ops.push({ type: 'del', key: keyOf('auth', KEY, fromHex(id)) })
        effects.push(() => this.#keys.delete(id))
      },
      putSession: (session) => {
        ops.push({ type: 'put', key: sessionKey(session), value: encodeRecord(session) })
        effects.push(() => this.#remember(session))
      },
    }
  }

  #remember(session: Session): void {
    const known = this.#sessions.get(session.keyId) ?? new Map<string, Session>()
    known.set(session.id, session)
    this.#sessions.set(session.keyId, known)
  }

  #forget({ keyId, id }: Session): void {
    const known = this.#sessions.get(keyId)
    known?.delete(id)
    if (known?.size === 0) this.#sessions.delete(keyId)
  }
}

function sessionKey({ keyId, id }: Session): Bytes {
  return keyOf('auth', SESSION, fromHex(keyId), fromHex(id))
}
