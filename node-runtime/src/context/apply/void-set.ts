// Which deltas count nowhere here, of all that are ready or pruned: with the heads, that is what the root is a function of.
// Two nodes may judge otherwise for a while under the same removals, where one has pruned what the other made void.
import { type Bytes, equalBytes, fromHex } from '../../base/bytes.ts'
import type { DeltaId } from '../../base/ids.ts'
import type { CheckpointVoids } from '../../wire/checkpoint.ts'
import { HASH_BYTES, VOIDS_NAMED_MAX } from '../../wire/limits.ts'

const NONE: Bytes = new Uint8Array(HASH_BYTES)

/** The same for the same deltas, whatever their order. Undefined for none. */
export function digestOf(ids: Iterable<DeltaId>, start: Bytes = NONE): Bytes | undefined {
  const digest = new Uint8Array(start)
  for (const id of ids) {
    const bytes = fromHex(id)
    for (let index = 0; index < HASH_BYTES; index += 1) digest[index] = (digest[index] ?? 0) ^ (bytes[index] ?? 0)
  }
  return equalBytes(digest, NONE) ? undefined : digest
}

export class VoidSet {
  #pruned: CheckpointVoids | undefined
  /** Not pruned. */
  readonly #ids: Set<DeltaId>
  #digest: Bytes | undefined

  constructor(pruned: CheckpointVoids | undefined, ids: Iterable<DeltaId>) {
    this.#pruned = pruned
    this.#ids = new Set(ids)
    this.#digest = digestOf(this.#ids, pruned?.digest)
  }

  get digest(): Bytes | undefined {
    return this.#digest
  }

  mark(id: DeltaId, isVoid: boolean): void {
    if (isVoid === this.#ids.has(id)) return
    if (isVoid) this.#ids.add(id)
    else this.#ids.delete(id)
    // What goes and what comes change it alike.
    this.#digest = digestOf([id], this.#digest)
  }

  /** What a checkpoint says that contains `prefix` as well, oldest first. */
  within(prefix: readonly DeltaId[]): CheckpointVoids | undefined {
    const more = prefix.filter((id) => this.#ids.has(id))
    const digest = digestOf(more, this.#pruned?.digest)
    if (digest === undefined) return undefined
    return { digest, latest: [...(this.#pruned?.latest ?? []), ...more].slice(-VOIDS_NAMED_MAX) }
  }

  /** That checkpoint is stored. */
  prune(prefix: readonly DeltaId[], pruned: CheckpointVoids | undefined): void {
    for (const id of prefix) this.#ids.delete(id)
    this.#pruned = pruned
  }
}
