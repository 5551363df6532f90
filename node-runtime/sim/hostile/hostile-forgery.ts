// What the hostile peer signs: deltas with real codecs, real keys and the real guest's artifacts, wrong in one thing each.
import { type Bytes, concat, u64be } from '../../src/base/bytes.ts'
import { sha256 } from '../../src/base/hash.ts'
import {
  type BlobId,
  type DeltaId,
  idBytes,
  idFromBytes,
  type KeyId,
  type PublicKey,
  type RootHash,
} from '../../src/base/ids.ts'
import { accountOf, type SigningKey } from '../../src/base/keys.ts'
import type { Random } from '../../src/base/random.ts'
import { inlineExecutor } from '../../src/runtime/inline-executor.ts'
import { ContextState, stateEntries } from '../../src/storage/context-state.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { compiledModules } from '../../src/testing/test-node.ts'
import { type Delta, type DeltaPayload, sealDelta } from '../../src/wire/delta.ts'
import { encodeOp, signOp } from '../../src/wire/op.ts'
import type { Setting } from '../run/settings.ts'
import type { Operation } from '../scenario/scenario.ts'

const NS_PER_MS = 1_000_000n

export interface ForgeryParts {
  readonly setting: Setting
  readonly identity: SigningKey
  readonly random: Random
  /** Strangers do not have it. */
  readonly hasKey: boolean
  readonly nowMs: () => number
}

export interface DeltaWishes {
  readonly parents?: readonly { readonly id: DeltaId; readonly hlc: bigint }[]
  readonly payload: DeltaPayload
  readonly hlc: bigint
  readonly author?: PublicKey
  readonly unknownKey?: boolean
  readonly rewrites?: readonly DeltaId[]
}

export class Forgery {
  readonly #parts: ForgeryParts
  readonly #store = memoryStore()
  #filled = false

  constructor(parts: ForgeryParts) {
    this.#parts = parts
  }

  now(): bigint {
    return BigInt(Math.trunc(this.#parts.nowMs())) * NS_PER_MS
  }

  /** Just after the base: before everything anyone did. */
  long(): bigint {
    return BigInt(Math.trunc(this.#parts.setting.saved.nowMs)) * NS_PER_MS + BigInt(this.#below(1000))
  }

  /** What an honest call would have made of the base. */
  async payload(
    { method, args }: Pick<Operation, 'method' | 'args'>,
    timeNs: bigint,
  ): Promise<DeltaPayload & { timeNs: bigint }> {
    const { setting, identity } = this.#parts
    const { contextId } = setting.shared
    await this.#fill()
    const module = { id: idFromBytes<BlobId>(sha256(setting.wasm)), bytes: setting.wasm }
    const { generation } = ContextState.open(this.#store, contextId)
    const publicKey = idBytes(identity.publicKey)
    const accountId = idBytes(accountOf(identity.publicKey))
    const env = { contextId: idBytes(contextId), executorId: publicKey, deviceId: publicKey, accountId, timeNs }
    const input = Buffer.from(JSON.stringify(args))
    const executor = inlineExecutor({ store: this.#store, modules: compiledModules, random: this.#parts.random })
    const source = { contextId, generation, staged: [] }
    const [outcome] = await executor.run(module, source, [{ kind: 'call', method, input, env, keep: false }])
    if (!outcome?.artifact) throw new Error(`the hostile call of ${method} made nothing: ${outcome?.error?.message}`)
    return { artifact: outcome.artifact, events: outcome.events, depth: 0, timeNs: outcome.timeNs }
  }

  delta({ parents = [], payload, hlc, author, unknownKey = false, rewrites = [] }: DeltaWishes): Delta {
    const { setting, identity, random, hasKey } = this.#parts
    const isKeyed = hasKey && !unknownKey
    const key = isKeyed ? setting.groupKey.key : random.bytes(32)
    const after = parents.reduce((most, parent) => (parent.hlc >= most ? parent.hlc + 1n : most), hlc)
    const { artifact, events, depth } = payload
    const sealed = sealDelta({
      header: {
        contextId: setting.shared.contextId,
        author: identity.publicKey,
        parents: parents.map(({ id }) => id).sort(),
        hlc: after,
        governance: [...setting.governance].sort(),
        keyId: isKeyed ? setting.groupKey.keyId : idFromBytes<KeyId>(sha256(key)),
        ...(rewrites.length > 0 ? { rewrites } : {}),
      },
      payload: { artifact, events, depth },
      groupKey: key,
      signingKey: identity,
      random,
    })
    return author === undefined ? sealed : { ...sealed, author }
  }

  /** Operations by which it removes somebody, and has the power of an admin itself. */
  seizing(victim: PublicKey): Bytes[] {
    const { setting, identity } = this.#parts
    const { namespaceId, groupId } = setting.shared
    const bodies = [
      { kind: 'member_removed', groupId, account: accountOf(victim) },
      { kind: 'role_set', groupId, account: accountOf(identity.publicKey), role: 'Admin' },
    ] as const
    return bodies.map((body) => {
      const facts = { namespaceId, parents: [...setting.governance].sort(), hlc: this.now(), body }
      return encodeOp(signOp({ ...facts, signingKey: identity }))
    })
  }

  /** The state before anyone did anything: whole, and with the root that it has. */
  async firstState(): Promise<{ root: RootHash; entries: { key: Bytes; value: Bytes }[] }> {
    await this.#fill()
    const { contextId } = this.#parts.setting.shared
    const { generation, root } = ContextState.open(this.#store, contextId)
    const entries: { key: Bytes; value: Bytes }[] = []
    for await (const [key, value] of stateEntries(this.#store, contextId, generation, undefined))
      entries.push({ key, value })
    return { root, entries }
  }

  async #fill(): Promise<void> {
    if (this.#filled) return
    this.#filled = true
    await this.#store.batch(this.#parts.setting.saved.places.get('n0')?.rows ?? [])
  }

  bytes(length: number): Bytes {
    return this.#parts.random.bytes(length)
  }

  someId<T extends DeltaId>(): T {
    return idFromBytes<T>(this.bytes(32))
  }

  /** Of a delta that nobody has, and that could be a parent. */
  earlyId(): DeltaId {
    return idFromBytes<DeltaId>(concat([u64be(this.now() - 1n), this.bytes(24)]))
  }

  #below(most: number): number {
    return Math.floor(this.#parts.random.float() * most)
  }
}
