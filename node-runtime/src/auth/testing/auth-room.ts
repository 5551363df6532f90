// An auth room on a store in memory, with a clock that stands still unless it is told, and cheap hashes.
import type { Clock } from '../../base/clock.ts'
import { type SigningKey, signingKeyFromSeed } from '../../base/keys.ts'
import { memoryStore } from '../../store/memory.ts'
import type { Store } from '../../store/store.ts'
import { RecordingLogger } from '../../testing/recording-logger.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { type Auth, type AuthOptions, openAuth } from '../auth.ts'
import type { Caller } from '../callers.ts'
import type { TokenPair } from '../sessions.ts'

export const CHEAP = { cost: 16, blockSize: 1, parallelization: 1 } as const
export const ANN = { username: 'ann', password: 'correct horse' } as const
export const HOST = { host: '127.0.0.1:2528' } as const

export class HandClock implements Clock {
  #nowMs = 1_800_000_000_000

  nowMs(): number {
    return this.#nowMs
  }

  setTimer(): () => void {
    throw new Error('nothing here waits by itself')
  }

  advanceSec(seconds: number): void {
    this.#nowMs += seconds * 1000
  }
}

export interface AuthRoom {
  readonly auth: Auth
  readonly clock: HandClock
  readonly store: Store
  readonly log: RecordingLogger
  readonly identity: SigningKey
  logIn(password?: string, more?: { username?: string; clientName?: string; address?: string }): Promise<TokenPair>
  callerOf(pair: TokenPair): Promise<Caller>
  /** The same store, as after a restart. */
  again(options?: AuthOptions): Promise<AuthRoom>
}

/** With ann, an administrator, unless told otherwise. */
export async function authRoom(
  options: AuthOptions & { readonly empty?: boolean } = {},
  kept: { store?: Store; clock?: HandClock; starts?: number } = {},
): Promise<AuthRoom> {
  const { store = memoryStore(), clock = new HandClock(), starts = 0 } = kept
  const log = new RecordingLogger()
  const identity = signingKeyFromSeed(new Uint8Array(32).fill(7))
  const random = seededRandom(`auth ${starts}`)
  const auth = await openAuth({ store, clock, random, log, identity }, { scrypt: CHEAP, ...options })
  if (!options.empty) await auth.addFirstAdmin(ANN)
  return {
    auth,
    clock,
    store,
    log,
    identity,
    logIn: (password = ANN.password, { username = ANN.username, clientName = 'test', address = '127.0.0.1' } = {}) =>
      auth.logins.logIn({
        method: 'user_password',
        publicKey: username,
        clientName,
        address,
        data: { username, password },
      }),
    callerOf: (pair) => auth.callers.of(pair.access_token, HOST),
    again: (more = {}) => authRoom({ ...options, ...more, empty: true }, { store, clock, starts: starts + 1 }),
  }
}
