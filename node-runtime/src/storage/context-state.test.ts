import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../base/bytes.ts'
import { merklePrefix, statePrefix } from '../store/keys.ts'
import { memoryStore } from '../store/memory.ts'
import { rangeOf } from '../store/store.ts'
import { ContextState } from './context-state.ts'
import { change, commit, contextA, contextB, dump, entriesOf } from './state-fixture.ts'
import type { StateChange } from './state-view.ts'
import {
  countOf,
  decodeNode,
  EMPTY_LEAF,
  EMPTY_ROOT,
  encodeNode,
  LEAF_ENTRIES_MAX,
  entriesOf as leafEntries,
} from './trie-node.ts'
import { decodeUndo, encodeUndo } from './undo.ts'

const keyNames = fc.nat(200).map((n) => `key-${n}`)
const aChange = fc.record({ key: keyNames, value: fc.option(fc.string({ maxLength: 4 }), { freq: 2 }) })
const changeSets = fc.array(fc.array(aChange, { maxLength: 90 }), { maxLength: 8 })
const toChanges = (set: readonly { key: string; value: string | null }[]): StateChange[] =>
  set.map(({ key, value }) => change(key, value))

/** The store rows and root of a state that was written with `model` in one go. */
async function written(model: ReadonlyMap<string, string>) {
  const store = memoryStore()
  const state = ContextState.open(store, contextA)
  const transaction = state.begin()
  transaction.apply([...model].map(([key, value]) => change(key, value)))
  await commit(store, transaction)
  return { rows: await dump(store), root: state.root }
}

describe('the state of a context', () => {
  it('is empty with the constant root at first', async () => {
    const state = ContextState.open(memoryStore(), contextA)
    expect(state.root).toBe(EMPTY_ROOT)
    expect(EMPTY_ROOT).toBe('609053c6a56ed09a24da74170042bbb73aa841b5a123eeb76b8b8ca1ed426a4e')
    expect([state.entryCount, state.sizeBytes, state.generation]).toEqual([0, 0, 0])
    expect(await entriesOf(state)).toEqual([])
  })

  it('has the same rows and root for the same entries, whatever the order of inserts, overwrites and deletes', async () => {
    await fc.assert(
      fc.asyncProperty(changeSets, async (sets) => {
        const store = memoryStore()
        const state = ContextState.open(store, contextA)
        const model = new Map<string, string>()
        for (const set of sets) {
          const transaction = state.begin()
          transaction.apply(toChanges(set))
          await commit(store, transaction)
          for (const { key, value } of set) value === null ? model.delete(key) : model.set(key, value)
        }
        const expected = await written(model)
        expect(state.root).toBe(expected.root)
        const rows = await dump(store)
        // A state that became empty again keeps its meta row; one never written has none.
        expect(model.size === 0 ? rows.slice(1) : rows).toEqual(expected.rows)
        expect(state.entryCount).toBe(model.size)
        expect(state.sizeBytes).toBe([...model].reduce((sum, [key, value]) => sum + key.length + utf8(value).length, 0))
        expect(ContextState.open(store, contextA).meta).toEqual(state.meta)
      }),
      { numRuns: 25 },
    )
  })

  it('has the tree of its size at every size on the way down', async () => {
    const model = new Map(Array.from({ length: 150 }, (_, n) => [`key-${n}`, 'v']))
    const store = memoryStore()
    const state = ContextState.open(store, contextA)
    const fill = state.begin()
    fill.apply([...model].map(([key, value]) => change(key, value)))
    await commit(store, fill)
    for (const key of [...model.keys()]) {
      model.delete(key)
      const transaction = state.begin()
      transaction.apply([change(key, null)])
      await commit(store, transaction)
      const expected = await written(model)
      expect(state.root).toBe(expected.root)
      expect((await dump(store)).length).toBe(Math.max(1, expected.rows.length))
    }
  })

  it('reverts any stack of changes exactly, tree included, through encoded undo records', async () => {
    await fc.assert(
      fc.asyncProperty(changeSets, changeSets, async (committed, staged) => {
        const store = memoryStore()
        const state = ContextState.open(store, contextA)
        const first = state.begin()
        for (const set of committed) first.apply(toChanges(set))
        await commit(store, first)
        const before = { rows: await dump(store), root: state.root, meta: state.meta }

        const transaction = state.begin()
        const roots: string[] = []
        const undos = staged.map((set) => {
          roots.push(transaction.root())
          return encodeUndo(transaction.apply(toChanges(set)))
        })
        while (undos.length > 0) {
          transaction.revert(decodeUndo(undos.pop() ?? utf8('')))
          expect(transaction.root()).toBe(roots.pop())
        }
        expect(transaction.staged()).toEqual([])
        expect(transaction.ops()).toEqual([])
        transaction.committed()
        expect(await dump(store)).toEqual(before.rows)
        expect(state.meta).toEqual(before.meta)
      }),
      { numRuns: 25 },
    )
  })

  it('undoes committed changes in a later transaction and redoes them with one in between', async () => {
    const store = memoryStore()
    const state = ContextState.open(store, contextA)
    const early = [change('a', '1'), change('b', '1')]
    const late = [change('a', '3'), change('b', null), change('c', '3')]
    const between = [change('a', '2'), change('d', '2')]
    let transaction = state.begin()
    transaction.apply(early)
    const undo = transaction.apply(late)
    await commit(store, transaction)

    transaction = state.begin()
    transaction.revert(undo)
    transaction.apply(between)
    transaction.apply(late)
    expect(transaction.staged()).toEqual([change('d', '2')])
    await commit(store, transaction)
    expect(await entriesOf(state)).toEqual(['a=3', 'c=3', 'd=2'])

    const straight = new Map([
      ['a', '3'],
      ['c', '3'],
      ['d', '2'],
    ])
    expect(state.root).toBe((await written(straight)).root)
  })

  it('reads through a transaction before it is committed, and not past it', async () => {
    const store = memoryStore()
    const state = ContextState.open(store, contextA)
    const transaction = state.begin()
    transaction.apply([change('a', '1'), change('b', '')])
    expect(transaction.get(utf8('a'))).toEqual(utf8('1'))
    expect(transaction.get(utf8('b'))).toEqual(utf8(''))
    expect(state.get(utf8('a'))).toBeUndefined()
    transaction.apply([change('a', null)])
    expect(transaction.get(utf8('a'))).toBeUndefined()
  })

  it('refuses a transaction that another has overtaken', async () => {
    const store = memoryStore()
    const state = ContextState.open(store, contextA)
    const [first, second] = [state.begin(), state.begin()]
    first.apply([change('a', '1')])
    second.apply([change('a', '2')])
    await commit(store, first)
    expect(() => second.ops()).toThrow(/after another was committed/)
    expect(() => first.apply([change('b', '1')])).toThrow(/committed state transaction/)
  })

  it('touches a number of tree nodes that grows with the depth, not with the entries', async () => {
    const store = memoryStore()
    const state = ContextState.open(store, contextA)
    const fill = state.begin()
    fill.apply(Array.from({ length: 5000 }, (_, n) => change(`key-${n}`, 'v')))
    await commit(store, fill)
    const one = state.begin()
    one.apply([change('key-77', 'w')])
    // One entry, one meta row, and a path of 16-ary nodes above leaves.
    expect(one.ops().length).toBeLessThanOrEqual(2 + 5)
  })

  it('keeps contexts apart', async () => {
    const store = memoryStore()
    const [a, b] = [ContextState.open(store, contextA), ContextState.open(store, contextB)]
    const transaction = a.begin()
    transaction.apply([change('k', 'a')])
    await commit(store, transaction)
    expect(b.get(utf8('k'))).toBeUndefined()
    expect(ContextState.open(store, contextB).root).toBe(EMPTY_ROOT)
    expect(await entriesOf(a)).toEqual(['k=a'])
  })

  it('lists entries in key order, from after a given key', async () => {
    const store = memoryStore()
    const state = ContextState.open(store, contextA)
    const transaction = state.begin()
    transaction.apply(['b', 'a', 'ab', 'c'].map((key) => change(key, key)))
    await commit(store, transaction)
    expect(await entriesOf(state)).toEqual(['a=a', 'ab=ab', 'b=b', 'c=c'])
    expect(await entriesOf(state, utf8('a'))).toEqual(['ab=ab', 'b=b', 'c=c'])
    expect(await entriesOf(state, utf8('bb'))).toEqual(['c=c'])
  })

  it('has a tree whose children lead to leaves that hold the hashes of their keys', async () => {
    const store = memoryStore()
    const transaction = ContextState.open(store, contextA).begin()
    transaction.apply(Array.from({ length: 200 }, (_, n) => change(`key-${n}`, 'v')))
    await commit(store, transaction)
    const walk = (path: string): number => {
      const row = store.get(Buffer.concat([merklePrefix(contextA, 0), utf8(path)]))
      if (row === undefined) return 0
      const node = decodeNode(row)
      if (node.kind === 'inner') {
        return node.children.reduce((sum, child) => sum + walk(path + child.nibble.toString(16)), 0)
      }
      expect(countOf(node)).toBeLessThanOrEqual(LEAF_ENTRIES_MAX)
      for (const entry of leafEntries(node)) expect(toHex(entry.keyHash).startsWith(path)).toBe(true)
      return countOf(node)
    }
    expect(walk('')).toBe(200)
  })

  it.each(['changed', 'gone', 'new'])('knows an entry that is %s on disk from those that are whole', async (how) => {
    const store = memoryStore()
    const transaction = ContextState.open(store, contextA).begin()
    transaction.apply(Array.from({ length: 200 }, (_, n) => change(`key-${n}`, 'v')))
    await commit(store, transaction)
    const name = how === 'new' ? 'key-new' : 'key-7'
    const key = Buffer.concat([statePrefix(contextA, 0), utf8(name)])
    await store.batch([how === 'gone' ? { type: 'del', key } : { type: 'put', key, value: utf8('w') }])
    const state = ContextState.open(store, contextA)
    for (let n = 0; n < 200; n += 1) if (n !== 7) state.verify(utf8(`key-${n}`))
    state.verify(utf8('key-none'))
    if (name !== 'key-7') state.verify(utf8('key-7'))
    expect(() => state.verify(utf8(name))).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }))
  })

  it.each(['gone', 'another'])('does not take a root node that is %s for the tree', async (how) => {
    const store = memoryStore()
    const transaction = ContextState.open(store, contextA).begin()
    transaction.apply(Array.from({ length: 10 }, (_, n) => change(`key-${n}`, 'v')))
    await commit(store, transaction)
    const key = merklePrefix(contextA, 0)
    await store.batch([how === 'gone' ? { type: 'del', key } : { type: 'put', key, value: encodeNode(EMPTY_LEAF) }])
    const again = ContextState.open(store, contextA).begin()
    again.apply([change('key-1', 'w')])
    expect(() => again.root()).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }))
  })

  it('detects a tree node that was changed on disk', async () => {
    const store = memoryStore()
    const state = ContextState.open(store, contextA)
    const transaction = state.begin()
    transaction.apply(Array.from({ length: 100 }, (_, n) => change(`key-${n}`, 'v')))
    await commit(store, transaction)
    for await (const [key, value] of store.entries(rangeOf(merklePrefix(contextA, 0)))) {
      const damaged = new Uint8Array(value)
      damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
      if (key.length > merklePrefix(contextA, 0).length) await store.batch([{ type: 'put', key, value: damaged }])
    }
    const reopened = ContextState.open(store, contextA).begin()
    // What ends as it was needs none of them.
    reopened.revert(reopened.apply([change('key-1', 'w'), change('new', 'w')]))
    expect(reopened.root()).toBe(state.root)
    reopened.apply([change('key-1', 'w')])
    expect(() => reopened.root()).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }))
  })

  it.each(['', '00', 'a0', '8301', '820180', '82018180', '820181820102', 'f6'])('refuses the undo record %s', (hex) => {
    const decode = () => decodeUndo(Buffer.from(hex, 'hex'))
    if (hex === '820180') expect(decode()).toEqual({ previous: [] })
    else expect(decode).toThrow(expect.objectContaining({ code: 'UNDO_INVALID' }))
  })
})
