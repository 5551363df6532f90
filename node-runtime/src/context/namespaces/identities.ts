// Extra key pairs made for clients. The private keys never leave the store.
import { idBytes, type PublicKey } from '../../base/ids.ts'
import { signingKeyFromSeed } from '../../base/keys.ts'
import type { Random } from '../../base/random.ts'
import { keyOf } from '../../store/keys.ts'
import type { Store } from '../../store/store.ts'

export class Identities {
  readonly #store: Store
  readonly #random: Random

  constructor(parts: { readonly store: Store; readonly random: Random }) {
    this.#store = parts.store
    this.#random = parts.random
  }

  async create(): Promise<PublicKey> {
    const key = signingKeyFromSeed(this.#random.bytes(32))
    await this.#store.batch([{ type: 'put', key: keyOf('identity', idBytes(key.publicKey)), value: key.seed }])
    return key.publicKey
  }
}
