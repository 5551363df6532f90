import { describe, expect, it } from 'vitest'
import { type Bytes, toHex, u32be, utf8 } from '../base/bytes.ts'
import { idBytes } from '../base/ids.ts'
import { memoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { ContextState } from './context-state.ts'
import { commit, contextA } from './state-fixture.ts'
import { TreeDiff } from './tree-diff.ts'
import { TreeView } from './tree-view.ts'
import { decodeNode, EMPTY_ROOT, encodeNode, entryHashOf, keyHashOf, type TrieNode } from './trie-node.ts'

type Entries = ReadonlyMap<number, string>
const LIMITS = { entriesMax: 32, nodesMax: 2048 }
const PAGE = 64

const keyOf = (index: number): Bytes => u32be(index)
const range = (from: number, to: number): Entries =>
  new Map(Array.from({ length: to - from }, (_, at) => [from + at, 'v']))

async function stateOf(entries: Entries): Promise<{ store: Store; state: ContextState; view: TreeView }> {
  const store = memoryStore()
  const state = ContextState.open(store, contextA)
  const transaction = state.begin()
  transaction.apply([...entries].map(([index, value]) => ({ key: keyOf(index), value: utf8(value) })))
  await commit(store, transaction)
  const view = TreeView.open(store, contextA, state.root)
  if (view === undefined) throw new Error('the state has another root')
  return { store, state, view }
}

/** Page by page. `theirs` gives what is shown for a path. */
function walk(ours: TreeView, root: Bytes, theirs: (path: string) => Bytes | undefined, limits = LIMITS) {
  const diff = new TreeDiff((path, hash) => ours.node(path, hash), { ours: idBytes(ours.root), theirs: root }, limits)
  let pages = 0
  let nodes = 0
  for (let paths = diff.paths(PAGE); paths.length > 0; paths = diff.paths(PAGE)) {
    pages += 1
    for (const path of paths) {
      nodes += 1
      diff.take(theirs(path) ?? new Uint8Array(0))
    }
  }
  return { ...diff.result(), pages, nodes }
}

async function compared(ours: Entries, theirs: Entries, limits = LIMITS) {
  const [here, there] = [await stateOf(ours), await stateOf(theirs)]
  return walk(here.view, idBytes(there.view.root), (path) => there.view.encoded(path), limits)
}

function expected(ours: Entries, theirs: Entries): string[] {
  const hash = (index: number, value: string | undefined) =>
    value === undefined ? '-' : toHex(entryHashOf(keyHashOf(keyOf(index)), utf8(value)))
  return [...new Set([...ours.keys(), ...theirs.keys()])]
    .filter((index) => ours.get(index) !== theirs.get(index))
    .map((index) =>
      [toHex(keyHashOf(keyOf(index))), hash(index, ours.get(index)), hash(index, theirs.get(index))].join(),
    )
    .sort()
}

const told = ({ entries }: Awaited<ReturnType<typeof compared>>) =>
  entries
    .map(({ keyHash, ours, theirs }) => [keyHash, ours, theirs].map((hash) => (hash ? toHex(hash) : '-')).join())
    .sort()

describe('entries that differ are found', () => {
  it.each([
    ['none, in equal states', range(0, 300), range(0, 300)],
    ['of an empty state', new Map<number, string>(), range(0, 10)],
    ['against an empty state', range(0, 10), new Map<number, string>()],
    ['a value, in leaves', range(0, 20), new Map([...range(0, 20), [7, 'other']])],
    ['a value, in a tree of some depth', range(0, 5000), new Map([...range(0, 5000), [4711, 'other']])],
    ['where theirs is split and ours is a leaf', range(0, 60), range(0, 70)],
    ['where ours is split and theirs is a leaf', range(0, 70), range(0, 60)],
    ['here, there and both', range(10, 3000), new Map([...range(0, 2990), [500, 'other'], [501, 'other']])],
  ] as const)('%s', async (_what, ours, theirs) => {
    const found = await compared(ours, theirs)
    expect(told(found)).toEqual(expected(ours, theirs))
    expect(found.isMore).toBe(false)
  })

  it('by the nodes on their paths alone, page by page', async () => {
    const found = await compared(range(0, 20_000), new Map([...range(0, 20_000), [1, 'other'], [2, 'other']]))
    expect(found.pages).toBeGreaterThan(1)
    expect(found.nodes).toBeLessThan(10)
  })

  it('up to so many, and that there are more is said', async () => {
    const theirs = new Map([...range(0, 5000)].map(([index]) => [index, 'other'] as const))
    const found = await compared(range(0, 5000), theirs)
    expect([found.entries.length, found.isMore]).toEqual([32, true])
    const exact = await compared(range(0, 5000), range(32, 5000))
    expect([exact.entries.length, exact.isMore]).toEqual([32, false])
    // A leaf against a tree: no more of ours is read than is told.
    const small = await compared(range(0, 20_000), range(0, 3))
    expect([small.entries.length, small.isMore, small.nodes]).toEqual([32, true, 1])
  })

  it('in so many nodes at most', async () => {
    const theirs = new Map([...range(0, 20_000), [1, 'other']])
    const found = await compared(range(0, 20_000), theirs, { ...LIMITS, nodesMax: 2 })
    expect([found.entries, found.isMore, found.nodes]).toEqual([[], true, 2])
  })
})

describe('a tree that is not that of its root is seen through', () => {
  const lie = async (change: (node: TrieNode, path: string) => TrieNode | Bytes) => {
    const [here, there] = [await stateOf(range(0, 500)), await stateOf(range(100, 600))]
    return () =>
      walk(here.view, idBytes(there.view.root), (path) => {
        const shown = change(decodeNode(there.view.encoded(path) ?? new Uint8Array(0)), path)
        return shown instanceof Uint8Array ? shown : encodeNode(shown)
      })
  }
  const inner = (node: TrieNode) => (node.kind === 'inner' ? node.children : [])

  it.each<[string, string, (node: TrieNode, path: string) => TrieNode | Bytes]>([
    ['bytes that are no node', 'cannot be read', () => Uint8Array.of(9, 9)],
    [
      'another entry',
      'another hash',
      (node) => (node.kind === 'leaf' ? { ...node, entryHashes: new Uint8Array(node.entryHashes.byteLength) } : node),
    ],
    [
      'another child',
      'another hash',
      (node) => ({ kind: 'inner', children: inner(node).map((child) => ({ ...child, hash: new Uint8Array(32) })) }),
    ],
    [
      'a count that is none',
      'children that no tree has',
      (node) => ({ kind: 'inner', children: inner(node).map((child) => ({ ...child, count: 0 })) }),
    ],
    [
      'a count that is another',
      'another count',
      (node) =>
        node.kind === 'leaf'
          ? node
          : { kind: 'inner', children: inner(node).map((child) => ({ ...child, count: child.count + 1 })) },
    ],
    [
      'entries in the wrong place',
      'belongs elsewhere',
      (node) =>
        node.kind === 'inner'
          ? node
          : { ...node, keyHashes: Uint8Array.from(node.keyHashes, (byte, at) => (at % 32 === 0 ? byte ^ 0x80 : byte)) },
    ],
  ])('%s', async (_what, why, change) => {
    expect(await lie(change)).toThrow(
      expect.objectContaining({ code: 'TREE_FALSE', message: expect.stringContaining(why) }),
    )
  })

  it('a node too many', async () => {
    const { view } = await stateOf(range(0, 3))
    const diff = new TreeDiff(
      (path, hash) => view.node(path, hash),
      { ours: idBytes(view.root), theirs: idBytes(view.root) },
      LIMITS,
    )
    expect(diff.paths(PAGE)).toEqual([])
    expect(() => diff.take(view.encoded('') ?? new Uint8Array(0))).toThrow('not asked for')
  })

  it('and our own that is not whole is said to be that', async () => {
    const { store, state } = await stateOf(range(0, 500))
    const there = await stateOf(range(0, 501))
    const view = TreeView.open(store, contextA, state.root)
    if (view === undefined) throw new Error('the state has another root')
    const gone = {
      node: (path: string, hash: Bytes) => view.node(path === '' ? path : `${path}0`, hash),
      root: view.root,
    }
    expect(() => walk(gone as TreeView, idBytes(there.view.root), (path) => there.view.encoded(path))).toThrow(
      expect.objectContaining({ code: 'STATE_CORRUPT' }),
    )
  })
})

describe('a view of a tree', () => {
  it('is there for the root that is, and stays as it is', async () => {
    const { store, state, view } = await stateOf(range(0, 100))
    const before = state.root
    const root = view.encoded('')
    const transaction = state.begin()
    transaction.apply([{ key: keyOf(7), value: utf8('later') }])
    await commit(store, transaction)
    expect(TreeView.open(store, contextA, before)).toBeUndefined()
    expect(TreeView.open(store, contextA, state.root)?.root).toBe(state.root)
    expect(view.encoded('')).toEqual(root)
    await view.close()
  })

  it('of an empty state has a root', () => {
    const view = TreeView.open(memoryStore(), contextA, EMPTY_ROOT)
    expect(decodeNode(view?.encoded('') ?? new Uint8Array(0))).toMatchObject({ kind: 'leaf' })
  })

  it('finds keys by their hashes, among so many entries', async () => {
    const { view } = await stateOf(range(0, 100))
    const hashes = [3, 90, 1000].map((index) => keyHashOf(keyOf(index)))
    const find = async (rowsMax: number, bytesMax = 100) => {
      const { keys, rows } = await view.keysOf(hashes, { rowsMax, bytesMax })
      return [[...keys.values()].map((key) => Buffer.from(key).readUInt32BE()), rows]
    }
    expect(await find(1000)).toEqual([[3, 90], 100])
    expect(await find(50)).toEqual([[3], 50])
    expect(await find(1000, 3)).toEqual([[], 100])
    expect(await find(0)).toEqual([[], 0])
  })
})
