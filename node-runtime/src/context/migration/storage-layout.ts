// Applications compiled with Calimero's SDK carry the code of their storage layer with them, and its records look different
// from one release of the SDK to another: an application compiled with a later one cannot read what an earlier one has stored,
// whatever its migration does. So before that runs, records of the layout that older applications have (November 2025 to
// February 2026) are rewritten as the later one has them. Pure.
import { type Bytes, binaryText, compareBytes, concat, equalBytes, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import type { StateChange } from '../../storage/state-view.ts'

const ID_BYTES = 32
const INDEX = Uint8Array.of(0)
const ENTRY = Uint8Array.of(1)
const ROOT_ID = new Uint8Array(ID_BYTES).fill(0x76)
/** Of the record of the root object, which has a parent and no children. */
export const ROOT_RECORD_KEY: Bytes = indexKey(ROOT_ID)
const EARLIER_ROOT_RECORD_BYTES = 148
/** With a type and a name for each element, both optional. */
const LATER_ROOT_RECORD_BYTES = 150
const NO_TYPE_AND_NAME = Uint8Array.of(0, 0)
const ENTRY_DOMAIN = utf8('__calimero_entry__')

interface Child {
  readonly id: Bytes
  readonly metadata: Bytes
}

interface Element extends Child {
  readonly parent: Bytes | undefined
  readonly children: readonly Child[] | undefined
  readonly own: Bytes
  readonly deleted: Bytes
}

/** `root`, `later`: the record of the root object in a state, and in one that the later application has made. */
export function isConvertible(root: Bytes | undefined, later: Bytes | undefined): boolean {
  return root?.byteLength === EARLIER_ROOT_RECORD_BYTES && later?.byteLength === LATER_ROOT_RECORD_BYTES
}

/** The changes that rewrite all records; undefined where one is not of the earlier layout, or cannot be rewritten. */
export function converted(state: Iterable<readonly [Bytes, Bytes]>): StateChange[] | undefined {
  // In one order everywhere: two that come to one place would be there in that order.
  const sorted = [...state].sort(([a], [b]) => compareBytes(a, b))
  const rows = new Map(sorted.map(([key, value]) => [binaryText(key), value]))
  const elements = new Map<string, Element>()
  for (const [key, value] of rows) {
    if (value.byteLength < ID_BYTES || key !== binaryText(indexKey(value.subarray(0, ID_BYTES)))) continue
    const element = readElement(value)
    if (element === undefined) return undefined
    elements.set(binaryText(element.id), element)
  }
  const bottomUp = childrenFirst(elements)
  return bottomUp && new Conversion(rows, elements).changes(bottomUp)
}

/** Each behind those beneath it. Undefined: one is beneath itself. */
function childrenFirst(elements: ReadonlyMap<string, Element>): Element[] | undefined {
  const above = new Map<string, Element[]>()
  const left = new Map<Element, number>()
  for (const element of elements.values()) {
    const beneath = (element.children ?? []).map(({ id }) => binaryText(id)).filter((name) => elements.has(name))
    left.set(element, beneath.length)
    for (const name of beneath) {
      const known = above.get(name)
      if (known) known.push(element)
      else above.set(name, [element])
    }
  }
  const found = [...elements.values()].filter((element) => left.get(element) === 0)
  for (const element of found) {
    for (const parent of above.get(binaryText(element.id)) ?? []) {
      const rest = (left.get(parent) ?? 0) - 1
      left.set(parent, rest)
      if (rest === 0) found.push(parent)
    }
  }
  return found.length === elements.size ? found : undefined
}

class Conversion {
  readonly #rows: ReadonlyMap<string, Bytes>
  readonly #elements: ReadonlyMap<string, Element>
  readonly #fullHashes = new Map<string, Bytes>()

  constructor(rows: ReadonlyMap<string, Bytes>, elements: ReadonlyMap<string, Element>) {
    this.#rows = rows
    this.#elements = elements
  }

  changes(bottomUp: readonly Element[]): StateChange[] {
    const changes: StateChange[] = []
    for (const element of bottomUp) this.#fullHash(element)
    for (const element of this.#elements.values()) {
      const { id } = element
      const next = this.#idOf(element)
      const entry = this.#entryOf(element)
      if (!equalBytes(id, next)) {
        changes.push({ key: indexKey(id), value: null }, { key: entryKey(id), value: null })
        if (entry) changes.push({ key: entryKey(next), value: entry })
      }
      changes.push({ key: indexKey(next), value: this.#record(element) })
    }
    return changes
  }

  /** Entries of maps and sets are found by another hash of their key. */
  #idOf({ id, parent }: Pick<Element, 'id' | 'parent'>): Bytes {
    const entry = this.#rows.get(binaryText(entryKey(id)))
    if (parent === undefined || entry === undefined || entry.byteLength < 4 + ID_BYTES) return id
    const size = new DataView(entry.buffer, entry.byteOffset).getUint32(0, true)
    if (size > entry.byteLength - 4 - ID_BYTES) return id
    const key = entry.subarray(4, 4 + size)
    return equalBytes(sha256(concat([parent, key])), id) ? sha256(concat([parent, ENTRY_DOMAIN, key])) : id
  }

  /** It ends with its id. */
  #entryOf(element: Element): Bytes | undefined {
    const entry = this.#rows.get(binaryText(entryKey(element.id)))
    if (entry === undefined) return undefined
    const next = this.#idOf(element)
    return equalBytes(next, element.id) ? entry : concat([entry.subarray(0, entry.byteLength - ID_BYTES), next])
  }

  #ownHash(element: Element): Bytes {
    const entry = this.#entryOf(element)
    return entry === undefined || equalBytes(this.#idOf(element), element.id) ? element.own : sha256(entry)
  }

  #fullHash(element: Element): Bytes {
    const name = binaryText(element.id)
    const known = this.#fullHashes.get(name)
    if (known !== undefined) return known
    const children = this.#children(element).map(({ hash }) => hash)
    const hash = sha256(concat([this.#ownHash(element), ...children]))
    this.#fullHashes.set(name, hash)
    return hash
  }

  /** By when they were made. */
  #children({ children = [] }: Element): { readonly id: Bytes; readonly hash: Bytes; readonly metadata: Bytes }[] {
    const all = children.map(({ id, metadata }) => {
      const element = this.#elements.get(binaryText(id))
      if (element === undefined) return { id, hash: new Uint8Array(ID_BYTES), metadata }
      return { id: this.#idOf(element), hash: this.#fullHash(element), metadata }
    })
    const made = ({ metadata }: Pick<Child, 'metadata'>) =>
      new DataView(metadata.buffer, metadata.byteOffset).getBigUint64(0, true)
    return all.sort((a, b) => (made(a) === made(b) ? compareBytes(a.id, b.id) : made(a) < made(b) ? -1 : 1))
  }

  #record(element: Element): Bytes {
    const { parent, children, metadata, deleted } = element
    const some = Uint8Array.of(1)
    const none = Uint8Array.of(0)
    const count = new Uint8Array(4)
    new DataView(count.buffer).setUint32(0, children?.length ?? 0, true)
    const listed = this.#children(element).flatMap(({ id, hash, metadata: of }) => [id, hash, of, NO_TYPE_AND_NAME])
    return concat([
      this.#idOf(element),
      ...(parent === undefined ? [none] : [some, parent]),
      ...(children === undefined ? [none] : [some, count, ...listed]),
      this.#fullHash(element),
      this.#ownHash(element),
      metadata,
      NO_TYPE_AND_NAME,
      deleted,
    ])
  }
}

function readElement(record: Bytes): Element | undefined {
  const reader = new Reader(record)
  try {
    const id = reader.take(ID_BYTES)
    const parent = reader.flag() ? reader.take(ID_BYTES) : undefined
    const children = reader.flag() ? reader.list(() => readChild(reader)) : undefined
    reader.take(ID_BYTES)
    const own = reader.take(ID_BYTES)
    const metadata = readMetadata(reader)
    const deleted = reader.flag() ? concat([Uint8Array.of(1), reader.take(8)]) : Uint8Array.of(0)
    return reader.isAtEnd ? { id, parent, children, own, metadata, deleted } : undefined
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function readChild(reader: Reader): Child {
  const id = reader.take(ID_BYTES)
  reader.take(ID_BYTES)
  return { id, metadata: readMetadata(reader) }
}

/** When it was made and changed, and whose it is: of what is signed, later layouts have another form. */
function readMetadata(reader: Reader): Bytes {
  const times = reader.take(16)
  const kind = reader.take(1)
  if (kind[0] !== 0 && kind[0] !== 2) throw new RangeError('an element of an owner')
  return concat([times, kind])
}

class Reader {
  readonly #bytes: Bytes
  #at = 0

  constructor(bytes: Bytes) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.byteLength
  }

  take(count: number): Bytes {
    if (this.#at + count > this.#bytes.byteLength) throw new RangeError('the record is cut off')
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  flag(): boolean {
    const [value] = this.take(1)
    if (value !== 0 && value !== 1) throw new RangeError('not an option')
    return value === 1
  }

  list<T>(read: () => T): T[] {
    const head = this.take(4)
    const count = new DataView(head.buffer, head.byteOffset).getUint32(0, true)
    if (count > this.#bytes.byteLength) throw new RangeError('more than there is')
    return Array.from({ length: count }, read)
  }
}

function indexKey(id: Bytes): Bytes {
  return sha256(concat([INDEX, id]))
}

function entryKey(id: Bytes): Bytes {
  return sha256(concat([ENTRY, id]))
}
