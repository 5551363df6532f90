// Random bytes for guests: the system's, or a reproducible AES-CTR stream keyed from a seed.
import { type Cipheriv, createCipheriv, hkdfSync } from 'node:crypto'
import type { Bytes } from '../../base/bytes.ts'
import type { Random } from '../../base/random.ts'

const INFO = 'calbox/guest-random/1'

export class GuestRandom {
  readonly #system: Random
  readonly #seed: Bytes | undefined
  /** Made when first drawn from: most guests never do. */
  #stream: Cipheriv | undefined

  constructor(system: Random, seed: Bytes | undefined) {
    this.#system = system
    this.#seed = seed
  }

  /** A plain array of its own: it may end up in an outcome. */
  bytes(length: number): Bytes {
    return new Uint8Array(this.#seed ? this.#drawn(this.#seed, length) : this.#system.bytes(length))
  }

  #drawn(seed: Bytes, length: number): Bytes {
    this.#stream ??= streamOf(seed)
    return this.#stream.update(Buffer.alloc(length))
  }
}

function streamOf(seed: Bytes): Cipheriv {
  const key = new Uint8Array(hkdfSync('sha256', seed, new Uint8Array(0), INFO, 32))
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
}
