// Changes to the set, as the nodes to be written. Cost: the nodes on the paths of the changed keys, and the buckets that
// join or part.

import { type Bound, commonDigits, type ItemKey } from './item-key.ts'
import { BUCKET_MAX, type ChildRef, countOf, EMPTY, fingerprintOf, type LoadNode, type SetNode } from './set-node.ts'

export interface SetChange {
  readonly key: ItemKey
  /** Whether the key is in the set from now on. */
  readonly held: boolean
}

/** By path; null = the stored node goes away. */
export type ChangedNodes = ReadonlyMap<Bound, SetNode | null>

/** Keys that are already as a change wants them make no difference; the last change of a key counts. */
export function updateSet(load: LoadNode, changes: readonly SetChange[]): ChangedNodes {
  const draft = new Draft(load)
  const distinct = new Map(changes.map((change) => [change.key, change]))
  const sorted = [...distinct.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  draft.put('', draft.update(load('') ?? EMPTY, sorted))
  return draft.nodes
}

class Draft {
  readonly #load: LoadNode
  readonly nodes = new Map<Bound, SetNode | null>()

  constructor(load: LoadNode) {
    this.#load = load
  }

  put(path: Bound, node: SetNode): void {
    this.nodes.set(path, countOf(node) === 0 ? null : node)
  }

  /** Returns the new node without recording it; records everything below. `changes` ascend. */
  update(node: SetNode, changes: readonly SetChange[]): SetNode {
    if (changes.length === 0) return node
    if (node.kind === 'bucket') return this.#build(merge(node.keys, changes))
    const { prefix } = node
    const relevant = changes.filter(({ key, held }) => held || key.startsWith(prefix))
    const depth = Math.min(prefix.length, ...relevant.map(({ key }) => commonDigits(prefix, key)))
    const groups = Map.groupBy(relevant, ({ key }) => key.charAt(depth))
    const children = new Map<string, ChildRef>()
    if (depth === prefix.length) {
      for (const child of node.children) children.set(child.digit, child)
    } else {
      // Some new key leaves the way before this node's branching: the node moves below a new one.
      const digit = prefix.charAt(depth)
      this.#place(children, prefix.slice(0, depth), digit, this.update(node, groups.get(digit) ?? []))
      groups.delete(digit)
    }
    for (const [digit, group] of groups) {
      const old = children.has(digit) ? this.#at(prefix.slice(0, depth) + digit) : EMPTY
      this.#place(children, prefix.slice(0, depth), digit, this.update(old, group))
    }
    return this.#join(prefix.slice(0, depth), children)
  }

  /** The canonical node of these keys. */
  #build(keys: readonly ItemKey[]): SetNode {
    const [first, last] = [keys[0], keys.at(-1)]
    if (keys.length <= BUCKET_MAX || first === undefined || last === undefined) return { kind: 'bucket', keys }
    const prefix = first.slice(0, commonDigits(first, last))
    const children = new Map<string, ChildRef>()
    for (const [digit, part] of Map.groupBy(keys, (key) => key.charAt(prefix.length))) {
      this.#place(children, prefix, digit, this.#build(part))
    }
    return this.#join(prefix, children)
  }

  #place(children: Map<string, ChildRef>, prefix: Bound, digit: string, node: SetNode): void {
    const count = countOf(node)
    this.put(prefix + digit, node)
    if (count === 0) children.delete(digit)
    else children.set(digit, { digit, count, fingerprint: fingerprintOf(node) })
  }

  /** One bucket where few keys are left; the child itself where it is the only one. */
  #join(prefix: Bound, children: ReadonlyMap<string, ChildRef>): SetNode {
    const sorted = [...children.values()].sort((a, b) => (a.digit < b.digit ? -1 : 1))
    const count = sorted.reduce((sum, child) => sum + child.count, 0)
    if (count > BUCKET_MAX && sorted.length > 1) return { kind: 'branch', prefix, children: sorted }
    const nodes = sorted.map(({ digit }) => this.#take(prefix + digit))
    const [only] = nodes
    if (only !== undefined && nodes.length === 1) return only
    return { kind: 'bucket', keys: nodes.flatMap((node) => (node.kind === 'bucket' ? node.keys : [])) }
  }

  #at(path: Bound): SetNode {
    const drafted = this.nodes.get(path)
    return (drafted === undefined ? this.#load(path) : drafted) ?? EMPTY
  }

  #take(path: Bound): SetNode {
    const node = this.#at(path)
    this.nodes.set(path, null)
    return node
  }
}

function merge(keys: readonly ItemKey[], changes: readonly SetChange[]): ItemKey[] {
  const merged = new Set(keys)
  for (const { key, held } of changes) {
    if (held) merged.add(key)
    else merged.delete(key)
  }
  return [...merged].sort()
}
