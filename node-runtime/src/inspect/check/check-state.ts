// The state of a context: its root from its entries, its tree from the root down, and its base.
import { type Bytes, concat, equalBytes, utf8 } from '../../base/bytes.ts'
import { type ContextId, idBytes, idFromBytes, type RootHash } from '../../base/ids.ts'
import { ContextStore } from '../../context/context-store.ts'
import { stateEntries } from '../../storage/context-state.ts'
import { readStateMeta, type StateMeta } from '../../storage/state-meta.ts'
import { decodeNode, EMPTY_ROOT, hashOf, type TrieNode } from '../../storage/trie-node.ts'
import { merklePrefix } from '../../store/keys.ts'
import type { StoreReader } from '../../store/store.ts'
import type { ContextRow } from '../../wire/records.ts'
import { countRows } from '../stored-ids.ts'
import { type Finding, REFETCH } from './finding.ts'
import { rootFrom } from './state-root.ts'

export async function* checkState(store: StoreReader, id: ContextId): AsyncGenerator<Finding> {
  const meta = readStateMeta(store, id)
  const found = await rootFrom(() => stateEntries(store, id, meta.generation), meta.entryCount)
  if (found.root !== meta.root) {
    const seen = `its entries have the root ${found.root}, and ${meta.root} is noted`
    yield damage(id, `the state is not what it was: ${seen}; ${REFETCH}`)
  }
  if (found.entries !== meta.entryCount || found.bytes !== meta.sizeBytes) {
    const noted = `${meta.entryCount} entries of ${meta.sizeBytes} bytes are noted`
    yield damage(id, `the state has ${found.entries} entries of ${found.bytes} bytes, and ${noted}; ${REFETCH}`)
  }
  yield* checkTree(store, id, meta)
}

/** What joiners copy has to have the root that the governance log names. */
export async function* checkBase(store: StoreReader, id: ContextId, row: ContextRow): AsyncGenerator<Finding> {
  const rows = new ContextStore(store, id)
  let count = 0
  for await (const _ of rows.base()) count += 1
  const { root } = await rootFrom(() => rows.base(), count)
  if (root === idFromBytes<RootHash>(row.baseRoot)) return
  yield damage(id, `the base has the root ${root}, not the one that its creator signed: nobody can join from here`)
}

async function* checkTree(store: StoreReader, id: ContextId, meta: StateMeta): AsyncGenerator<Finding> {
  const prefix = merklePrefix(id, meta.generation)
  const load = (path: string) => store.get(concat([prefix, utf8(path)]))
  const stored = (await countRows(store, prefix)).rows
  if (meta.root === EMPTY_ROOT && stored === 0) return
  let visited = 0
  let entries = 0
  const waiting: { readonly path: string; readonly hash: Bytes }[] = [{ path: '', hash: idBytes(meta.root) }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const node = readNode(load(next.path))
    if (node === undefined || !equalBytes(hashOf(node), next.hash)) {
      const seen = node === undefined ? 'is missing or cannot be read' : 'has another hash than its parent says'
      yield damage(id, `node '${next.path}' of the state tree ${seen}; ${REFETCH}`)
      continue
    }
    visited += 1
    if (node.kind === 'leaf') entries += node.keyHashes.byteLength / idBytes(meta.root).byteLength
    else for (const { nibble, hash } of node.children) waiting.push({ path: next.path + nibble.toString(16), hash })
  }
  if (entries !== meta.entryCount) {
    yield damage(id, `the state tree has ${entries} entries, and ${meta.entryCount} are noted; ${REFETCH}`)
  }
  if (visited < stored) {
    yield {
      kind: 'leftover',
      what: 'state',
      context: id,
      message: `${stored - visited} nodes of the tree belong to nothing`,
    }
  }
}

/** Undefined for what is missing or no node. */
function readNode(bytes: Bytes | undefined): TrieNode | undefined {
  try {
    return bytes && decodeNode(bytes)
  } catch {
    // Said by the caller, with its place.
    return undefined
  }
}

function damage(context: ContextId, message: string): Finding {
  return { kind: 'damage', what: 'state', context, message }
}
