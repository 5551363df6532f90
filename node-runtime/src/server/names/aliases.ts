// Names that clients give to contexts, applications and identities of this node. Kept in the store; nobody else hears of them.
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { type ApplicationId, type ContextId, idBytes, idFromBytes, type PublicKey } from '../../base/ids.ts'
import { SerialQueue } from '../../base/serial-queue.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type Store } from '../../store/store.ts'
import { ServerError } from '../errors.ts'
import { ALIAS_QUEUE_MAX, ALIASES_ALL_MAX, ALIASES_MAX } from '../limits.ts'

export type Named = ApplicationId | ContextId | PublicKey

/** `identity` names are of one context each. */
export type AliasKind = 'context' | 'application' | { readonly identityIn: ContextId }

const KIND = { context: 0, application: 1, identity: 2 } as const

export class Aliases {
  readonly #store: Store
  /** One at a time: who asks for a name that is being given away is told so. */
  readonly #queue = new SerialQueue(ALIAS_QUEUE_MAX)
  readonly #allMax: number
  /** Of all kinds; counted when the first is made. */
  #count: number | undefined

  constructor(store: Store, allMax: number = ALIASES_ALL_MAX) {
    this.#store = store
    this.#allMax = allMax
  }

  find(kind: AliasKind, name: string): Named | undefined {
    const bytes = this.#store.get(keyIn(kind, name))
    return bytes && idFromBytes<Named>(bytes)
  }

  /** In the order of their names. */
  async list(kind: AliasKind): Promise<[name: string, id: Named][]> {
    const prefix = keyIn(kind)
    const found: [string, Named][] = []
    for await (const [key, value] of this.#store.entries(rangeOf(prefix))) {
      found.push([fromUtf8(key.subarray(prefix.byteLength)), idFromBytes<Named>(value)])
    }
    return found
  }

  /** Throws ServerError CONFLICT where the name is taken, or there are too many. */
  create(kind: AliasKind, name: string, id: Named): Promise<void> {
    return this.#queue.run(async () => {
      if (this.find(kind, name) !== undefined) throw new ServerError('CONFLICT', 'alias already exists')
      if ((await this.list(kind)).length >= ALIASES_MAX) {
        throw new ServerError('CONFLICT', `there are ${ALIASES_MAX} aliases of this kind already; delete one`)
      }
      const count = this.#count ?? (await this.#countAll())
      if (count >= this.#allMax) throw new ServerError('CONFLICT', `there are ${count} aliases already; delete one`)
      await this.#store.batch([{ type: 'put', key: keyIn(kind, name), value: idBytes(id) }])
      this.#count = count + 1
    })
  }

  /** One that is not there is no failure. */
  delete(kind: AliasKind, name: string): Promise<void> {
    return this.#queue.run(async () => {
      const isThere = this.find(kind, name) !== undefined
      await this.#store.batch([{ type: 'del', key: keyIn(kind, name) }])
      if (isThere && this.#count !== undefined) this.#count -= 1
    })
  }

  async #countAll(): Promise<number> {
    let count = 0
    for await (const _ of this.#store.entries(rangeOf(keyOf('alias')))) count += 1
    return count
  }
}

function keyIn(kind: AliasKind, name = ''): Uint8Array {
  if (typeof kind === 'string') return keyOf('alias', Uint8Array.of(KIND[kind]), utf8(name))
  return keyOf('alias', Uint8Array.of(KIND.identity), idBytes(kind.identityIn), utf8(name))
}
