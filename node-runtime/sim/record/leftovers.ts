// Rows that must not be there at rest, by what they are.
import { toHex } from '../../src/base/bytes.ts'
import { type ContextId, type DeltaId, idBytes } from '../../src/base/ids.ts'
import { ContextStore } from '../../src/context/context-store.ts'
import { HeldIds } from '../../src/context/held-ids.ts'
import { oldestOf } from '../../src/context/retention/checkpoint.ts'
import { EVERYTHING } from '../../src/reconcile/item-key.ts'
import { keyOf } from '../../src/store/keys.ts'
import { rangeOf, type Store } from '../../src/store/store.ts'

/**
 * `misoffered`: ids that are among those it offers, and not stored, or the other way round. `kept`: own deltas that its checkpoint
 * names no more.
 */
export type Leftovers = Readonly<
  Record<'handler' | 'deadLetter' | 'outbox' | 'reissue' | 'misoffered' | 'kept', number>
>

export async function leftoversOf(disk: Store, contextId: ContextId, stored: readonly DeltaId[]): Promise<Leftovers> {
  return {
    handler: await count(disk, 'handler'),
    deadLetter: await count(disk, 'deadLetter'),
    outbox: await count(disk, 'outbox'),
    reissue: await count(disk, 'reissue'),
    misoffered: misoffered(disk, contextId, new Set(stored)),
    kept: await outdated(disk, contextId),
  }
}

async function count(disk: Store, kind: 'handler' | 'deadLetter' | 'outbox' | 'reissue'): Promise<number> {
  let rows = 0
  for await (const _ of disk.entries(rangeOf(keyOf(kind)))) rows += 1
  return rows
}

function misoffered(disk: Store, contextId: ContextId, stored: ReadonlySet<string>): number {
  const held = new HeldIds(disk, new ContextStore(disk, contextId), contextId)
  const offered = new Set<string>(held.read((view) => view.keys(EVERYTHING, Number.POSITIVE_INFINITY)))
  const isMissing = (id: string) => !offered.has(id)
  return [...offered].filter((id) => !stored.has(id)).length + [...stored].filter(isMissing).length
}

async function outdated(disk: Store, contextId: ContextId): Promise<number> {
  const checkpoint = new ContextStore(disk, contextId).checkpoint()?.certified.checkpoint
  if (checkpoint === undefined) return 0
  const oldest = oldestOf(checkpoint)
  let rows = 0
  for await (const [key] of disk.entries(rangeOf(keyOf('kept', idBytes(contextId)))))
    if (toHex(key.subarray(key.byteLength - 32)) < oldest) rows += 1
  return rows
}
