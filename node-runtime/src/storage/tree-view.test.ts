// One snapshot of the store for each view, and none for what is not a view.
import { expect, it } from 'vitest'
import { memoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { ContextState } from './context-state.ts'
import { contextA } from './state-fixture.ts'
import { stateMetaKey } from './state-meta.ts'
import { TreeView } from './tree-view.ts'
import { EMPTY_ROOT } from './trie-node.ts'

/** Counts the snapshots that are open; those fail as `error` says when they are read. */
function counted(inner: Store, error?: Error) {
  const open = { count: 0 }
  const snapshot: Store['snapshot'] = () => {
    const taken = inner.snapshot()
    open.count += 1
    const get: typeof taken.get = (key) => {
      if (error !== undefined) throw error
      return taken.get(key)
    }
    const close = () => {
      open.count -= 1
      return taken.close()
    }
    return { get, entries: (range) => taken.entries(range), close }
  }
  const store: Store = { ...inner, get: (key) => inner.get(key), entries: (range) => inner.entries(range), snapshot }
  return { store, open }
}

it('a store that cannot be read has no snapshot left open, and who asked hears why', () => {
  const { store, open } = counted(memoryStore(), new Error('the database is not open'))
  expect(() => TreeView.open(store, contextA, EMPTY_ROOT)).toThrow('the database is not open')
  expect(open.count).toBe(0)
})

it('neither has another root, or a record that says none', async () => {
  const inner = memoryStore()
  const { store, open } = counted(inner)
  const view = TreeView.open(store, contextA, ContextState.open(inner, contextA).root)
  expect([view?.root, open.count]).toEqual([EMPTY_ROOT, 1])
  await view?.close()
  const other = EMPTY_ROOT.replace(/^./, 'f') as typeof EMPTY_ROOT
  expect([TreeView.open(store, contextA, other), open.count]).toEqual([undefined, 0])
  await inner.batch([{ type: 'put', key: stateMetaKey(contextA), value: Uint8Array.of(0) }])
  expect([TreeView.open(store, contextA, EMPTY_ROOT), open.count]).toEqual([undefined, 0])
})
