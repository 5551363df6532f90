// The fold of a segment as its rules say it, each time from the beginning: what `segment.ts` is compared with.
import type { AccountId, OpId } from '../../base/ids.ts'
import type { Operation, RemovalPinned } from '../../base/operations.ts'
import type { NamespaceSnapshot } from '../namespace-snapshot.ts'
import { contextsOf } from '../removal-pins.ts'
import { effectOf, refusalOf, reliesOn, voidEffectOf } from '../rules/table.ts'
import type { JudgedOp } from '../segment.ts'

/** `segment` in canonical order; all of it descends from the operation that `base` is the state at. */
export function naiveFold(base: NamespaceSnapshot, segment: readonly JudgedOp[]): NamespaceSnapshot {
  return new Naive(base, segment).fold()
}

type WordOp = Operation & { readonly body: RemovalPinned }

function isWord(op: Operation): op is WordOp {
  return op.body.kind === 'removal_pinned'
}

class Naive {
  readonly #base: NamespaceSnapshot
  readonly #segment: readonly JudgedOp[]
  /** Parents within the segment, as indices. An index is a place in canonical order. */
  readonly #parents: readonly (readonly number[])[]
  readonly #stands: boolean[] = []
  /** By index: the fold of it and its ancestors, as they stand. */
  readonly #after: NamespaceSnapshot[] = []

  constructor(base: NamespaceSnapshot, segment: readonly JudgedOp[]) {
    const index = new Map<OpId, number>(segment.map(({ op }, i) => [op.id, i]))
    this.#base = base
    this.#segment = segment
    this.#parents = segment.map(({ op }) => op.parents.flatMap((parent) => index.get(parent) ?? []))
  }

  fold(): NamespaceSnapshot {
    const concurrent = this.#concurrentRevocations()
    this.#segment.forEach((judged, i) => {
      const past = this.#pastOf(i)
      const against = (concurrent[i] ?? []).reduce((state, { op }) => effectOf(state, op), past)
      const stands = judged.revokes !== undefined || refusalOf(against, judged.op) === undefined
      this.#stands[i] = stands
      this.#after[i] = isWord(judged.op) ? past : this.#with(past, i)
    })
    const indices = this.#segment.map((_, i) => i)
    const words = indices.filter((i) => this.#stands[i] === true && this.#isWord(i))
    const rest = indices.filter((i) => !this.#isWord(i))
    const merged = rest.reduce((state, i) => this.#with(state, i), this.#base)
    if (words.length === 0) return merged
    const lost = new Set(words.filter((i) => this.#hasLost(i, merged)))
    return indices.filter((i) => !lost.has(i)).reduce((state, i) => this.#with(state, i), this.#base)
  }

  /** What comes of an operation that is judged. */
  #with(state: NamespaceSnapshot, index: number): NamespaceSnapshot {
    const judged = this.#segment[index]
    if (judged === undefined) return state
    return this.#stands[index] === true ? effectOf(state, judged.op) : voidEffectOf(state, judged.op)
  }

  #isWord(index: number): boolean {
    const judged = this.#segment[index]
    return judged !== undefined && isWord(judged.op)
  }

  /** Whether something that is neither before nor after its word has taken from a witness a context that it speaks of. */
  #hasLost(index: number, merged: NamespaceSnapshot): boolean {
    const op = this.#segment[index]?.op
    if (op === undefined || !isWord(op)) return false
    const { author, body } = op
    const past = this.#pastOf(index)
    const unseen = new Set(contextsOf(body.pinned).flatMap((id) => merged.removalsUnseen(id, author, past)))
    if (unseen.size === 0) return false
    const later = new Set([index])
    this.#parents.forEach((parents, i) => {
      if (parents.some((parent) => later.has(parent))) later.add(i)
    })
    const isLater = new Set([...later].map((i) => this.#segment[i]?.op.id))
    return [...unseen].some(({ op }) => !isLater.has(op))
  }

  /** For each operation the revocations against whom it relies on that are neither before nor after it. */
  #concurrentRevocations(): JudgedOp[][] {
    const bits: bigint[] = []
    const against = new Map<AccountId, { judged: JudgedOp; bit: bigint }[]>()
    this.#segment.forEach((judged, i) => {
      if (judged.revokes === undefined) return
      const bit = 1n << BigInt(i)
      bits[i] = bit
      against.set(judged.revokes, [...(against.get(judged.revokes) ?? []), { judged, bit }])
    })
    // Bit sets of the revocations before and after each operation, itself included.
    const before = this.#segment.map((_, i) => bits[i] ?? 0n)
    const later = [...before]
    this.#parents.forEach((parents, i) => {
      for (const p of parents) before[i] = (before[i] ?? 0n) | (before[p] ?? 0n)
    })
    for (let i = this.#segment.length - 1; i >= 0; i--) {
      for (const p of this.#parents[i] ?? []) later[p] = (later[p] ?? 0n) | (later[i] ?? 0n)
    }
    return this.#segment.map(({ op }, i) => {
      const related = (before[i] ?? 0n) | (later[i] ?? 0n)
      const candidates = [...new Set(reliesOn(op))].flatMap((account) => against.get(account) ?? [])
      return candidates.filter(({ bit }) => (related & bit) === 0n).map(({ judged }) => judged)
    })
  }

  /** The fold of the ancestors of `index` as they stand: walks back until a single one is left to start from. */
  #pastOf(index: number): NamespaceSnapshot {
    const parents = this.#parents[index] ?? []
    const [parent] = parents
    if (parents.length <= 1) return parent === undefined ? this.#base : (this.#after[parent] ?? this.#base)
    const open = new Set(parents)
    const passed: number[] = []
    let state = this.#base
    for (let i = index - 1; open.size > 0 && i >= 0; i--) {
      if (!open.has(i)) continue
      if (open.size === 1) {
        state = this.#after[i] ?? state
        break
      }
      open.delete(i)
      passed.push(i)
      for (const above of this.#parents[i] ?? []) open.add(above)
    }
    const rest = passed.reverse().filter((i) => !this.#isWord(i))
    return rest.reduce((past, i) => this.#with(past, i), state)
  }
}
