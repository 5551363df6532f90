// An immutable map from ids that shares structure between versions: a change costs O(log n), a version next to nothing.
// A 16-ary trie over the hex digits, so the shape depends on the content only; entries come in the order of the ids.
import { type Bytes, concat, fromHex } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'

interface Leaf<V> {
  readonly key: string
  readonly value: V
  digest?: Bytes
}

interface Branch<V> {
  /** Bit d: there is a child for digit d. */
  readonly mask: number
  readonly children: readonly Node<V>[]
  digest?: Bytes
}

type Node<V> = Leaf<V> | Branch<V>

/** Keys are hex texts of one length. `K` is the brand. */
export class IdMap<K extends string, V> implements ReadonlyMap<K, V> {
  readonly #root: Node<V> | undefined
  readonly #encode: (value: V) => Bytes
  readonly size: number

  private constructor(root: Node<V> | undefined, size: number, encode: (value: V) => Bytes) {
    this.#root = root
    this.size = size
    this.#encode = encode
  }

  /** `encode` gives the bytes of a value that `digest` covers. */
  static empty<K extends string, V>(encode: (value: V) => Bytes): IdMap<K, V> {
    return new IdMap<K, V>(undefined, 0, encode)
  }

  get(key: K): V | undefined {
    return find(this.#root, key)?.value
  }

  has(key: K): boolean {
    return find(this.#root, key) !== undefined
  }

  set(key: K, value: V): IdMap<K, V> {
    const found = find(this.#root, key)
    if (found !== undefined && Object.is(found.value, value)) return this
    const leaf = { key, value }
    const root = this.#root === undefined ? leaf : put(this.#root, leaf, 0)
    return new IdMap<K, V>(root, this.size + (found === undefined ? 1 : 0), this.#encode)
  }

  delete(key: K): IdMap<K, V> {
    if (this.#root === undefined || !this.has(key)) return this
    return new IdMap<K, V>(take(this.#root, key, 0), this.size - 1, this.#encode)
  }

  /** SHA-256, equal iff the content is. Computed once per node of the trie. */
  digest(): Bytes {
    return this.#root === undefined ? sha256() : digestOf(this.#root, this.#encode)
  }

  *entries(): Generator<[K, V], undefined> {
    if (this.#root !== undefined) for (const leaf of leaves(this.#root)) yield [leaf.key as K, leaf.value]
  }

  *keys(): Generator<K, undefined> {
    for (const [key] of this.entries()) yield key
  }

  *values(): Generator<V, undefined> {
    for (const [, value] of this.entries()) yield value
  }

  [Symbol.iterator](): Generator<[K, V], undefined> {
    return this.entries()
  }

  forEach(visit: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this)
  }
}

const isLeaf = <V>(node: Node<V>): node is Leaf<V> => 'key' in node

/** '0'–'9' are 48–57, 'a'–'f' are 97–102. */
function digitAt(key: string, depth: number): number {
  const code = key.charCodeAt(depth)
  return code < 58 ? code - 48 : code - 87
}

function bitsBelow(mask: number, digit: number): number {
  let count = 0
  for (let rest = mask & ((1 << digit) - 1); rest !== 0; rest &= rest - 1) count += 1
  return count
}

function find<V>(root: Node<V> | undefined, key: string): Leaf<V> | undefined {
  let node = root
  for (let depth = 0; node !== undefined; depth++) {
    if (isLeaf(node)) return node.key === key ? node : undefined
    const digit = digitAt(key, depth)
    node = (node.mask & (1 << digit)) === 0 ? undefined : node.children[bitsBelow(node.mask, digit)]
  }
  return undefined
}

function put<V>(node: Node<V>, leaf: Leaf<V>, depth: number): Node<V> {
  if (isLeaf(node)) return node.key === leaf.key ? leaf : fork(node, leaf, depth)
  const digit = digitAt(leaf.key, depth)
  const at = bitsBelow(node.mask, digit)
  const child = node.children[at]
  if ((node.mask & (1 << digit)) === 0 || child === undefined) {
    return { mask: node.mask | (1 << digit), children: node.children.toSpliced(at, 0, leaf) }
  }
  return { mask: node.mask, children: node.children.with(at, put(child, leaf, depth + 1)) }
}

function fork<V>(a: Leaf<V>, b: Leaf<V>, depth: number): Branch<V> {
  const [first, second] = [digitAt(a.key, depth), digitAt(b.key, depth)]
  if (first === second) return { mask: 1 << first, children: [fork(a, b, depth + 1)] }
  return { mask: (1 << first) | (1 << second), children: first < second ? [a, b] : [b, a] }
}

/** Without `key`, which is there. */
function take<V>(node: Node<V>, key: string, depth: number): Node<V> | undefined {
  if (isLeaf(node)) return undefined
  const digit = digitAt(key, depth)
  const at = bitsBelow(node.mask, digit)
  const child = node.children[at]
  if (child === undefined) return node
  const rest = take(child, key, depth + 1)
  const children = rest === undefined ? node.children.toSpliced(at, 1) : node.children.with(at, rest)
  const [only] = children
  // A branch above a single leaf would not exist had the others never been here.
  if (only === undefined || (children.length === 1 && isLeaf(only))) return only
  return { mask: rest === undefined ? node.mask & ~(1 << digit) : node.mask, children }
}

function* leaves<V>(node: Node<V>): Generator<Leaf<V>, undefined> {
  if (isLeaf(node)) yield node
  else for (const child of node.children) yield* leaves(child)
}

function digestOf<V>(node: Node<V>, encode: (value: V) => Bytes): Bytes {
  if (node.digest !== undefined) return node.digest
  const digest = isLeaf(node)
    ? sha256(Uint8Array.of(0), fromHex(node.key), encode(node.value))
    : sha256(
        Uint8Array.of(1, node.mask >> 8, node.mask & 255),
        concat(node.children.map((child) => digestOf(child, encode))),
      )
  node.digest = digest
  return digest
}
