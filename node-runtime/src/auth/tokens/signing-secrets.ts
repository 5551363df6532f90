// The secrets that sign tokens. The newest signs; older ones are kept for as long as their tokens may live. They lie in
// the store sealed under a key that stands elsewhere (the node's identity), so that the store alone forges no tokens.
import { createSecretKey, type KeyObject } from 'node:crypto'
import { type Bytes, fromHex, toHex, utf8 } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { KeyError, open, seal } from '../../base/keys.ts'
import type { Random } from '../../base/random.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type Store, type StoreOp } from '../../store/store.ts'
import { AuthError } from '../errors.ts'
import { decodeSigningSecret, encodeRecord, type SigningSecret } from '../keys/records.ts'
import { LEEWAY_SEC, SIGNING_ROTATION_MS, SIGNING_SECRETS_MAX } from '../limits.ts'

export interface Signer {
  readonly id: string
  readonly key: KeyObject
}

interface Held extends Signer {
  readonly createdAtMs: number
}

export interface SigningParts {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  /** 32 bytes, not from the store. Secret. */
  readonly sealingKey: Bytes
}

const SECRET = utf8('w')
const SECRET_BYTES = 32

export class SigningSecrets {
  readonly #parts: SigningParts
  readonly #tokenLifeMs: number
  /** The oldest first. */
  #held: Held[] = []
  #rotating: Promise<void> | undefined

  private constructor(parts: SigningParts, tokenLifeMs: number) {
    this.#parts = parts
    this.#tokenLifeMs = tokenLifeMs
  }

  /** `tokenLifeSec` of the longest-lived tokens. Throws AuthError AUTH_STORE_DAMAGED. */
  static async open(parts: SigningParts, tokenLifeSec: number): Promise<SigningSecrets> {
    const secrets = new SigningSecrets(parts, (tokenLifeSec + LEEWAY_SEC) * 1000)
    for await (const [, value] of parts.store.entries(rangeOf(keyOf('auth', SECRET)))) {
      secrets.#held.push(opened(decodeSigningSecret(value), parts.sealingKey))
    }
    secrets.#held.sort((a, b) => a.createdAtMs - b.createdAtMs)
    return secrets
  }

  /** What signs now. A new one where the last is old, or where there is none. */
  async current(): Promise<Signer> {
    const newest = this.#held.at(-1)
    const nowMs = this.#parts.clock.nowMs()
    if (newest !== undefined && nowMs < newest.createdAtMs + SIGNING_ROTATION_MS) return newest
    this.#rotating ??= this.rotate().finally(() => {
      this.#rotating = undefined
    })
    await this.#rotating
    return this.current()
  }

  /** What signed a token of this id; undefined for an unknown or too old one. */
  find(id: string): Signer | undefined {
    return this.#held.find((each) => each.id === id)
  }

  /** Signs with a new secret from now on. Tokens of the old ones are good until they end. */
  async rotate(): Promise<void> {
    const { clock, random, sealingKey, store } = this.#parts
    const nowMs = clock.nowMs()
    const id = toHex(random.bytes(8))
    const secret = random.bytes(SECRET_BYTES)
    const sealed = toHex(seal(sealingKey, secret, utf8(id), random))
    const made: Held = { id, key: createSecretKey(secret), createdAtMs: nowMs }
    const all = [...this.#held, made]
    const kept = all.filter((_, index) => !this.#isOver(all[index + 1], nowMs)).slice(-SIGNING_SECRETS_MAX)
    const dropped = this.#held.filter((each) => !kept.includes(each))
    await store.batch([
      { type: 'put', key: keyOf('auth', SECRET, fromHex(id)), value: encodeRecord({ id, sealed, createdAtMs: nowMs }) },
      ...dropped.map((each): StoreOp => ({ type: 'del', key: keyOf('auth', SECRET, fromHex(each.id)) })),
    ])
    // Another one may have been made meanwhile.
    this.#held = [...this.#held.filter((each) => !dropped.includes(each)), made]
  }

  /** Whether all tokens have ended that were signed before there was this `successor`. */
  #isOver(successor: Held | undefined, nowMs: number): boolean {
    return successor !== undefined && nowMs > successor.createdAtMs + this.#tokenLifeMs
  }
}

function opened({ id, sealed, createdAtMs }: SigningSecret, sealingKey: Bytes): Held {
  try {
    return { id, key: createSecretKey(open(sealingKey, fromHex(sealed), utf8(id))), createdAtMs }
  } catch (cause) {
    if (!(cause instanceof KeyError)) throw cause
    const message = 'the secrets that sign tokens were sealed by another identity than that of config.toml; restore it'
    throw new AuthError('AUTH_STORE_DAMAGED', message, { cause })
  }
}
