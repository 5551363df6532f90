// Where the elements of a sequence stand, kept as records of the state: all elements ever inserted, removed ones too, in
// their order, with the number of visible ones below each node. Which elements begin a node follows from their names, so
// the nodes depend on the elements alone, not on the order in which they came (README: why not a balanced tree).
// A locator leads from an element to its leaf, and every node names the one above it.
import { type Bytes, concat, EMPTY, equalBytes } from '../../base/bytes.ts'
import { corruptState } from '../codec.ts'
import type { CrdtState } from '../crdt-state.ts'
import { type RecordPart, recordKey } from '../state-keys.ts'
import { HEIGHT_MAX, heightOf, START, stampOf } from './sequence-id.ts'
import { SequenceNode } from './sequence-node.ts'

interface Named {
  readonly node: SequenceNode
  readonly head: Bytes
}

interface Place {
  readonly head: Bytes
  readonly leaf: SequenceNode
  readonly at: number
}

export class SequenceIndex {
  readonly #state: CrdtState
  readonly #tag: number
  readonly #sequence: Bytes

  constructor(state: CrdtState, tag: number, sequence: Bytes) {
    this.#state = state
    this.#tag = tag
    this.#sequence = sequence
  }

  /** Whether the element has its place, visible or not. START always has. */
  has(id: Bytes): boolean {
    return equalBytes(id, START) || this.#state.get(this.#key('l', id)) !== undefined
  }

  /** Visible elements. */
  get size(): number {
    return this.#exists() ? this.#read(this.#height(), START).visible : 0
  }

  /** The visible element number `index`. */
  at(index: number): { readonly id: Bytes; readonly mark: number } | undefined {
    if (!this.#exists()) return undefined
    let left = index
    let node = this.#read(this.#height(), START)
    for (let at = 0; at < node.count; ) {
      const visible = node.visibleAt(at)
      if (left >= visible) {
        left -= visible
        at += 1
      } else if (node.level === 0) return { id: node.idAt(at), mark: node.markAt(at) }
      else {
        node = this.#read(node.level - 1, node.idAt(at))
        at = 0
      }
    }
    return undefined
  }

  /** What stands directly after `id`, visible or not. */
  next(id: Bytes): Bytes | undefined {
    if (!this.#exists()) return undefined
    const { head, leaf, at } = this.#placeOf(id)
    if (at + 1 < leaf.count) return leaf.idAt(at + 1)
    let child = head
    let node = leaf
    const height = this.#height()
    for (let level = 1; level <= height; level += 1) {
      const up = this.#read(level, node.up)
      const here = up.indexOf(child)
      // The first element of a node is that of its first leaf.
      if (here + 1 < up.count) return up.idAt(here + 1)
      child = node.up
      node = up
    }
    return undefined
  }

  /** `id` must not be here, `parent` must. */
  insert(id: Bytes, parent: Bytes, mark: number): void {
    if (!this.#exists()) {
      this.#write(START, SequenceNode.leaf(START, START, 0))
      this.#state.set(this.#key('h'), Uint8Array.of(0))
    }
    const place = this.#placeFor(id, parent)
    if (heightOf(id) > 0) {
      this.#split(place, id, mark)
      return
    }
    this.#write(place.head, place.leaf.withElement(place.at, id, mark))
    this.#state.set(this.#key('l', id), place.head)
    this.#count(place.leaf, place.head, { visible: Number(mark !== 0), stamp: stampOf(id) })
  }

  /** `id` must be here. */
  setMark(id: Bytes, mark: number): void {
    const { head, leaf, at } = this.#placeOf(id)
    const before = leaf.markAt(at)
    if (before === mark) return
    this.#write(head, leaf.withMark(at, mark))
    this.#count(leaf, head, { visible: Number(mark !== 0) - Number(before !== 0), stamp: stampOf(id) })
  }

  /** The visible elements in their order. The index must not change meanwhile. */
  *visible(): Generator<{ readonly id: Bytes; readonly mark: number }> {
    if (this.#exists()) yield* this.#visibleAt(this.#height(), START)
  }

  *#visibleAt(level: number, head: Bytes): Generator<{ readonly id: Bytes; readonly mark: number }> {
    const node = this.#read(level, head)
    for (let at = 0; at < node.count; at += 1) {
      if (node.visibleAt(at) === 0) continue
      if (level === 0) yield { id: node.idAt(at), mark: node.markAt(at) }
      else {
        this.#below(node, head, at)
        yield* this.#visibleAt(level - 1, node.idAt(at))
      }
    }
  }

  #placeOf(id: Bytes): Place {
    const head = equalBytes(id, START) ? START : this.#state.get(this.#key('l', id))
    if (head === undefined) throw corruptState('an element of a sequence has no place')
    const leaf = this.#read(0, head)
    return { head, leaf, at: leaf.indexOf(id) }
  }

  /** After the parent, and after all that stands under it with a larger name. */
  #placeFor(id: Bytes, parent: Bytes): Place {
    const start = this.#placeOf(parent)
    const near = start.leaf.firstBelow(id, start.at + 1)
    if (near !== undefined) return { ...start, at: near }
    let { head: child, leaf: node }: { head: Bytes; leaf: SequenceNode } = start
    const height = this.#height()
    for (let level = 1; level <= height; level += 1) {
      const up = this.#read(level, node.up)
      const found = this.#firstBelow({ node: up, head: node.up }, id, up.indexOf(child) + 1)
      if (found !== undefined) return found.at > 0 ? found : this.#endBefore(found.head)
      child = node.up
      node = up
    }
    return this.#end(height, START)
  }

  /** The stamps in an inner node rule out most of what is not it. */
  #firstBelow({ node, head: top }: Named, id: Bytes, from: number): Place | undefined {
    for (let at = from; at < node.count; at += 1) {
      if (node.oldestAt(at) > stampOf(id)) continue
      const head = node.idAt(at)
      const child = this.#below(node, top, at)
      if (child.level > 0) {
        const found = this.#firstBelow({ node: child, head }, id, 0)
        if (found !== undefined) return found
        continue
      }
      const below = child.firstBelow(id, 0)
      if (below !== undefined) return { head, leaf: child, at: below }
    }
    return undefined
  }

  /** The end of the leaf before the one that `head` begins. */
  #endBefore(head: Bytes): Place {
    let child = head
    let node = this.#read(0, head)
    const height = this.#height()
    for (let level = 1; level <= height; level += 1) {
      const up = this.#read(level, node.up)
      const here = up.indexOf(child)
      if (here > 0) return this.#end(level - 1, up.idAt(here - 1))
      child = node.up
      node = up
    }
    throw corruptState('nothing stands before the first leaf of a sequence')
  }

  #end(level: number, head: Bytes): Place {
    const node = this.#read(level, head)
    return level === 0 ? { head, leaf: node, at: node.count } : this.#end(level - 1, node.idAt(node.count - 1))
  }

  /** `id` begins nodes of its own, up to its height: what follows it in those moves into them. */
  #split(place: Place, id: Bytes, mark: number): void {
    const height = heightOf(id)
    this.#raise(height)
    let head = place.head
    // Read again: the root may have been raised above it.
    let left = this.#read(0, head).withElement(place.at, id, mark)
    let at = place.at
    for (let level = 0; level < height; level += 1) {
      const right = left.from(at, level + 1 < height ? id : left.up)
      left = left.before(at)
      this.#write(id, right)
      this.#write(head, left)
      this.#lead(right, id)
      const up = this.#read(level + 1, left.up)
      const here = up.indexOf(head)
      const parted = up.withChildren(here, left.summary(), right.summary())
      head = left.up
      left = parted
      at = here + 1
    }
    this.#write(head, left)
    this.#count(left, head, { visible: Number(mark !== 0), stamp: stampOf(id) })
  }

  /** The entries of a new node are to find it. */
  #lead(node: SequenceNode, id: Bytes): void {
    for (let at = 0; at < node.count; at += 1) {
      const entry = node.idAt(at)
      if (node.level === 0) this.#state.set(this.#key('l', entry), id)
      else this.#write(entry, this.#read(node.level - 1, entry).withUp(id))
    }
  }

  #raise(height: number): void {
    const before = this.#height()
    if (height <= before) return
    for (let level = before; level < height; level += 1) {
      const summary = this.#read(level, START).summary()
      this.#write(START, SequenceNode.inner(level + 1, START, summary))
    }
    this.#state.set(this.#key('h'), Uint8Array.of(height))
  }

  /** Tells the nodes above `node` what changed in it. */
  #count(node: SequenceNode, head: Bytes, change: { readonly visible: number; readonly stamp: bigint }): void {
    let child = head
    let below = node
    const height = this.#height()
    for (let level = node.level + 1; level <= height; level += 1) {
      const up = this.#read(level, below.up)
      const counted = up.withCounted(up.indexOf(child), change.visible, change.stamp)
      if (counted === undefined) return
      this.#write(below.up, counted)
      child = below.up
      below = up
    }
  }

  #exists(): boolean {
    return this.#state.get(this.#key('h')) !== undefined
  }

  /** The level of the root. */
  #height(): number {
    const height = this.#state.get(this.#key('h'))?.[0] ?? 0
    if (height > HEIGHT_MAX) throw corruptState('a sequence is higher than any can be')
    return height
  }

  /** The node that entry `at` of the node of `head` leads to. Nothing else leads there, so a walk meets no node twice. */
  #below(node: SequenceNode, head: Bytes, at: number): SequenceNode {
    const id = node.idAt(at)
    const child = this.#read(node.level - 1, id)
    if (!equalBytes(child.up, head) || node.indexOf(id) !== at)
      throw corruptState('a node of a sequence is not where it must be')
    return child
  }

  #read(level: number, head: Bytes): SequenceNode {
    const bytes = this.#state.get(this.#nodeKey(level, head))
    if (bytes === undefined) throw corruptState('a node of a sequence is missing')
    return SequenceNode.decode(level, bytes)
  }

  #write(head: Bytes, node: SequenceNode): void {
    this.#state.set(this.#nodeKey(node.level, head), node.encode())
  }

  #nodeKey(level: number, head: Bytes): Bytes {
    return this.#key('n', concat([Uint8Array.of(level), head]))
  }

  #key(part: RecordPart, key: Bytes = EMPTY): Bytes {
    return recordKey(this.#sequence, this.#tag, part, key)
  }
}
