// Folds the operations between two points of a namespace's history, deciding which of the concurrent ones stand.
//
// The rule, for the set of operations S at hand:
//   1. A revocation (a removal, or a role set lower than it was at its cut) always takes effect.
//   2. Any other operation takes effect iff it has authority in the fold of those of its ancestors that take effect in
//      S, with every concurrent revocation in S against its author (or its invitation's inviter) applied on top.
//   3. What takes effect is applied in canonical order; of what does not, only that keys which somebody got by it are due to
//      change (`voidEffectOf`).
//   4. What a witness says of a removal decides nothing of that. It takes effect iff it does by 2 and nothing in S, concurrent
//      with it, has taken from its author a context that it speaks of, in the fold of all the rest.
// So what a removed member did elsewhere before it knew is void, and so is what rested on it. Whoever loses a context in
// another way can go on to vouch for others as little.
//
// A segment grows, and remembers what it has judged and folded: an operation costs what it changes. One that is no revocation
// changes no verdict of others; a revocation those that rely on whom it is against, and what rests on them.
import { compareCanonical } from '../base/causal.ts'
import type { AccountId, OpId } from '../base/ids.ts'
import type { Operation, RemovalPinned } from '../base/operations.ts'
import type { NamespaceSnapshot } from './namespace-snapshot.ts'
import { after, PrefixFold, type Step } from './prefix-fold.ts'
import { contextsOf } from './removal-pins.ts'
import { effectOf, refusalOf, reliesOn } from './rules/table.ts'

export interface JudgedOp {
  readonly op: Operation
  /** The account that lost rights by it, judged at its cut. */
  readonly revokes?: AccountId
}

/**
 * The state after all of `ops`, in canonical order. `base` is the state at the one operation that all of them descend from,
 * so none of them is concurrent with anything before it.
 */
export function foldSegment(base: NamespaceSnapshot, ops: readonly JudgedOp[]): NamespaceSnapshot {
  const isChain = ops.every(({ op }, i) => op.parents.length <= 1 && (i === 0 || op.parents[0] === ops[i - 1]?.op.id))
  if (isChain) return ops.reduce((state, { op }) => effectOf(state, op), base)
  const segment = new Segment(base)
  segment.add(ops)
  return segment.state()
}

type WordOp = Operation & { readonly body: RemovalPinned }

function isWord(op: Operation): op is WordOp {
  return op.body.kind === 'removal_pinned'
}

interface Node {
  readonly op: Operation
  readonly revokes: AccountId | undefined
  /** Of a witness. */
  readonly word: WordOp | undefined
  /** In the segment. */
  readonly parents: readonly Node[]
  /** Its place in canonical order. */
  at: number
  /** Bits of the revocations before and after it, itself included. */
  before: bigint
  later: bigint
  /** False where what it depends on has changed, and is not looked at yet. */
  isJudged: boolean
  step: Step
  /** The fold of its ancestors, as they stand, and with itself. */
  past: NamespaceSnapshot
  after: NamespaceSnapshot
  /** Of a word: whether it is lost, and in which state of the rest. */
  loss?: { readonly rest: NamespaceSnapshot; readonly past: NamespaceSnapshot; readonly isLost: boolean }
}

export class Segment {
  readonly #base: NamespaceSnapshot
  /** In canonical order. */
  readonly #nodes: Node[] = []
  readonly #byId = new Map<OpId, Node>()
  readonly #revocations = new Map<AccountId, { readonly op: Operation; readonly bit: bigint }[]>()
  #bits = 0
  readonly #relying = new Map<AccountId, Node[]>()
  /** Nothing in it revokes, and no witness says anything: then all of it stands. */
  #isPlain = true
  /** Without what witnesses say. */
  readonly #rest: PrefixFold
  readonly #whole: PrefixFold
  /** Of an operation with several parents: most often that of the next one begins alike. */
  #pasts: PrefixFold

  constructor(base: NamespaceSnapshot) {
    this.#base = base
    this.#rest = new PrefixFold(base)
    this.#whole = new PrefixFold(base)
    this.#pasts = new PrefixFold(base)
  }

  get size(): number {
    return this.#nodes.length
  }

  has(id: OpId): boolean {
    return this.#byId.has(id)
  }

  /** Parents first, and no ancestor of what is in it already. */
  add(ops: readonly JudgedOp[]): void {
    let lowest = this.#nodes.length
    for (const judged of ops) {
      const node = this.#nodeOf(judged)
      let at = this.#nodes.length
      for (let last = this.#nodes[at - 1]; last && compareCanonical(last.op, node.op) > 0; last = this.#nodes[at - 1]) {
        at -= 1
      }
      this.#nodes.splice(at, 0, node)
      this.#byId.set(node.op.id, node)
      lowest = Math.min(lowest, at)
      this.#relate(node)
    }
    for (let at = lowest; at < this.#nodes.length; at += 1) {
      const node = this.#nodes[at]
      if (node) node.at = at
    }
  }

  state(): NamespaceSnapshot {
    if (!this.#isPlain) this.#judge()
    const rest = this.#rest.over(this.#nodes.flatMap(({ word, step }) => (word ? [] : step)))
    const words = this.#nodes.filter(({ word, step }) => step.stands && word)
    if (words.length === 0) return rest
    const lost = new Set(words.filter((word) => this.#hasLost(word, rest)))
    return this.#whole.over(this.#nodes.flatMap((node) => (lost.has(node) ? [] : node.step)))
  }

  #nodeOf({ op, revokes }: JudgedOp): Node {
    const parents = op.parents.flatMap((id) => this.#byId.get(id) ?? [])
    const step = { op, stands: true }
    const before = parents.reduce((bits, parent) => bits | parent.before, 0n)
    const [past, at, word] = [this.#base, -1, isWord(op) ? op : undefined]
    return { op, revokes, word, parents, at, before, later: 0n, isJudged: false, step, past, after: past }
  }

  #relate(node: Node): void {
    const { op, revokes, word } = node
    this.#isPlain &&= revokes === undefined && word === undefined
    for (const account of new Set(reliesOn(op))) listed(this.#relying, account).push(node)
    if (revokes === undefined) return
    const bit = 1n << BigInt(this.#bits)
    this.#bits += 1
    listed(this.#revocations, revokes).push({ op, bit })
    node.before |= bit
    const work = [node]
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      if ((next.later & bit) !== 0n) continue
      next.later |= bit
      work.push(...next.parents)
    }
    for (const other of this.#relying.get(revokes) ?? []) {
      if (((other.before | other.later) & bit) === 0n) other.isJudged = false
    }
  }

  #judge(): void {
    const moved = new Set<Node>()
    for (const node of this.#nodes) {
      const isMoved = moved.size > 0 && node.parents.some((parent) => moved.has(parent))
      if (node.isJudged && !isMoved) continue
      const { op, revokes, word } = node
      node.past = this.#pastOf(node)
      const stands = revokes !== undefined || refusalOf(this.#against(node), op) === undefined
      if (isMoved || node.step.stands !== stands) moved.add(node)
      if (node.step.stands !== stands) node.step = { op, stands }
      node.after = word ? node.past : after(node.past, node.step)
      node.isJudged = true
    }
  }

  /** Its past, with the revocations on top against whom it relies on that are neither before nor after it. */
  #against({ op, before, later, past }: Node): NamespaceSnapshot {
    const all = [...new Set(reliesOn(op))].flatMap((account) => this.#revocations.get(account) ?? [])
    const concurrent = all.filter(({ bit }) => ((before | later) & bit) === 0n)
    return concurrent
      .sort((a, b) => compareCanonical(a.op, b.op))
      .reduce((state, each) => effectOf(state, each.op), past)
  }

  /** The fold of its ancestors as they stand: walks back until a single one is left to start from. */
  #pastOf({ at, parents }: Node): NamespaceSnapshot {
    const [parent] = parents
    if (parents.length <= 1) return parent?.after ?? this.#base
    const open = new Set(parents)
    const passed: Node[] = []
    let base = this.#base
    for (let i = at - 1; open.size > 0 && i >= 0; i -= 1) {
      const node = this.#nodes[i]
      if (node === undefined || !open.has(node)) continue
      if (open.size === 1) {
        base = node.after
        break
      }
      open.delete(node)
      passed.push(node)
      for (const above of node.parents) open.add(above)
    }
    if (this.#pasts.base !== base) this.#pasts = new PrefixFold(base)
    return this.#pasts.over(passed.reverse().flatMap(({ word, step }) => (word ? [] : step)))
  }

  /** Whether something that is neither before nor after its word has taken from a witness a context that it speaks of. */
  #hasLost(node: Node, rest: NamespaceSnapshot): boolean {
    const { word, past, loss } = node
    if (word === undefined) return false
    if (loss?.rest === rest && loss.past === past) return loss.isLost
    const unseen = contextsOf(word.body.pinned).flatMap((id) => rest.removalsUnseen(id, word.author, past))
    const isLost = unseen.length > 0 && !this.#areLater(new Set(unseen.map(({ op }) => op)), node)
    node.loss = { rest, past, isLost }
    return isLost
  }

  #areLater(ids: ReadonlySet<OpId>, than: Node): boolean {
    const later = new Set([than])
    for (const node of this.#nodes.slice(than.at + 1)) {
      if (node.parents.some((parent) => later.has(parent))) later.add(node)
    }
    return [...ids].every((id) => {
      const node = this.#byId.get(id)
      return node !== undefined && later.has(node)
    })
  }
}

function listed<K, V>(lists: Map<K, V[]>, key: K): V[] {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}
