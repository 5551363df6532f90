// Passwords as scrypt hashes that carry their own cost figures. One at a time: a hash takes memory and a processor. Whose
// turn it is `hash-turns.ts` says.
import { timingSafeEqual } from 'node:crypto'
import { type Bytes, fromHex, toHex } from '../../base/bytes.ts'
import type { Random } from '../../base/random.ts'
import { AuthError } from '../errors.ts'
import type { PasswordHash } from '../keys/records.ts'
import { SCRYPT, SCRYPT_MEMORY_MAX } from '../limits.ts'
import { HashThread } from './hash-thread.ts'
import { type HashTurn, HashTurns, OWN_TURN } from './hash-turns.ts'

export interface ScryptCost {
  /** N, a power of two; memory is 128 · cost · blockSize bytes. */
  readonly cost: number
  readonly blockSize: number
  readonly parallelization: number
}

const HASH_BYTES = 32
const SALT_BYTES = 16

export class PasswordHasher {
  readonly #random: Random
  readonly #figures: ScryptCost
  readonly #decoy: PasswordHash
  readonly #turns = new HashTurns()
  readonly #thread = new HashThread()

  constructor(random: Random, figures: ScryptCost = SCRYPT) {
    this.#random = random
    this.#figures = figures
    this.#decoy = { ...figures, salt: toHex(random.bytes(SALT_BYTES)), hash: toHex(random.bytes(HASH_BYTES)) }
  }

  /** Throws AuthError AUTH_BUSY when too many wait. */
  async hash(password: string): Promise<PasswordHash> {
    const salt = this.#random.bytes(SALT_BYTES)
    const hash = await this.#derive(password, salt, this.#figures, OWN_TURN)
    return { ...this.#figures, salt: toHex(salt), hash: toHex(hash) }
  }

  /** Takes as long where there is no such user (`stored` undefined) as where the password is wrong. */
  async matches(password: string, stored: PasswordHash | undefined, turn: HashTurn): Promise<boolean> {
    const { salt, hash, ...figures } = stored ?? this.#decoy
    const seen = await this.#derive(password, fromHex(salt), figures, turn)
    const wanted = fromHex(hash)
    const equal = wanted.byteLength === seen.byteLength && timingSafeEqual(wanted, seen)
    return equal && stored !== undefined
  }

  /** Whether it was made with other figures than are used today. */
  isOutdated(stored: PasswordHash): boolean {
    const { cost, blockSize, parallelization } = this.#figures
    return stored.cost !== cost || stored.blockSize !== blockSize || stored.parallelization !== parallelization
  }

  async #derive(password: string, salt: Bytes, figures: ScryptCost, turn: HashTurn): Promise<Bytes> {
    const { cost, blockSize, parallelization } = figures
    const memory = 128 * cost * blockSize
    if (!(memory <= SCRYPT_MEMORY_MAX)) {
      throw new AuthError(
        'AUTH_STORE_DAMAGED',
        `a stored password hash asks for ${memory} bytes; at most ${SCRYPT_MEMORY_MAX}`,
      )
    }
    await this.#turns.begin(turn)
    try {
      // Twice of what it needs: the limit counts more than the blocks.
      const options = { N: cost, r: blockSize, p: parallelization, maxmem: 2 * memory + 1024 * 1024 }
      return await this.#thread.derive({ password: password.normalize('NFKC'), salt, bytes: HASH_BYTES, options })
    } finally {
      this.#turns.end()
    }
  }
}
