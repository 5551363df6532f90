// Random bytes for guests: the system's, or a reproducible AES-CTR stream keyed from a seed.
import { type Cipheriv, createCipheriv, hkdfSync } from 'node:crypto'
import type { Bytes } from '../../base/bytes.ts'
import type { Random } from '../../base/random.ts'

const INFO = 'calbox/guest-random/1'

export class GuestRandom {
  readonly #system: Random
  readonly #stream: Cipheriv | undefined

  constructor(system: Random, seed: Bytes | undefined) {
    this.#system = system
    if (!seed) return
    const key = new Uint8Array(hkdfSync('sha256', seed, new Uint8Array(0), INFO, 32))
    this.#stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  }

  /** A plain array of its own: it may end up in an outcome. */
  bytes(length: number): Bytes {
    return new Uint8Array(this.#stream ? this.#stream.update(Buffer.alloc(length)) : this.#system.bytes(length))
  }
}
