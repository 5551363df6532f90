import { expect, it } from 'vitest'
import type { Bytes } from '../base/bytes.ts'
import { type ContextId, idFromBytes, type RootHash } from '../base/ids.ts'
import type { FrameStream } from '../network/network.ts'
import { DrivenClock } from '../testing/driven-clock.ts'
import { syncFrameMessage } from '../wire/sync-messages.ts'
import { DIFF_ROWS_MAX, TREE_PAGE_BYTES, TREE_READS_MAX, TREE_READS_MS } from './limits.ts'
import type { SyncedContext } from './ports.ts'
import { Refusal } from './refusal.ts'
import { TreeAnswering } from './tree-answering.ts'

const contextId = idFromBytes<ContextId>(new Uint8Array(32))
const root = idFromBytes<RootHash>(new Uint8Array(32).fill(1))

/** What one peer is told, of a tree with nodes of so many bytes and as many rows as are looked at. */
function served(nodeBytes = 1, looked: (clock: DrivenClock, rowsMax: number) => number = (_, rowsMax) => rowsMax) {
  const clock = new DrivenClock()
  const trees = new TreeAnswering(clock)
  let closed = 0
  const view = {
    root,
    encoded: () => new Uint8Array(nodeBytes),
    keysOf: async (_: unknown, { rowsMax }: { readonly rowsMax: number }) => ({
      keys: new Map(),
      rows: looked(clock, rowsMax),
    }),
    close: async () => {
      closed += 1
    },
  }
  const context = { tree: () => view } as unknown as SyncedContext
  const ask = async (peer: string, request: { t: 'tree'; paths: readonly string[] } | { t: 'names' }) => {
    const sent: number[] = []
    const send = async (bytes: Bytes) => {
      const frame = syncFrameMessage.decode(bytes)
      sent.push(frame.t === 'items' ? frame.items.length : frame.t === 'end' && frame.more ? 1 : 0)
    }
    const stream = { peer, send, abort: () => {} } as unknown as FrameStream
    const held = trees.begin(peer, stream)
    const asked = request.t === 'tree' ? request : { ...request, hashes: [new Uint8Array(32)] }
    try {
      await trees.answer({ peer, request: { contextId, root, ...asked }, context, held, stream })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return error.code
    } finally {
      held.close()
    }
    return sent
  }
  return { clock, ask, closed: () => closed }
}

it('a peer has so much read for it in a while, and others as much', async () => {
  const { clock, ask, closed } = served()
  expect(await ask('mal', { t: 'names' })).toEqual([0])
  expect(await ask('mal', { t: 'names' })).toEqual([0])
  expect(await ask('mal', { t: 'names' })).toBe('busy')
  expect(await ask('mal', { t: 'tree', paths: [''] })).toBe('busy')
  expect(await ask('bob', { t: 'tree', paths: [''] })).toEqual([1, 0])
  // The second time what was left of it.
  expect(TREE_READS_MAX).toBeLessThan(2 * DIFF_ROWS_MAX)
  clock.setTimer(() => {}, TREE_READS_MS)
  while (clock.step());
  expect(await ask('mal', { t: 'tree', paths: [''] })).toEqual([1, 0])
  expect(closed()).toBe(4)
})

it('a page has so many bytes, and that there is more is said', async () => {
  const { ask } = served(TREE_PAGE_BYTES / 2)
  expect(await ask('ada', { t: 'tree', paths: ['', '0', '1'] })).toEqual([2, 1])
})

it('what is given back when a time is over gives nobody more in the next', async () => {
  let isLong = true
  const { ask } = served(1, (clock, rowsMax) => {
    if (!isLong) return rowsMax
    // Another stream of the same peer begins the next time meanwhile.
    clock.setTimer(() => void ask('mal', { t: 'tree', paths: [''] }), TREE_READS_MS)
    while (clock.step());
    isLong = false
    return 0
  })
  expect(await ask('mal', { t: 'names' })).toEqual([0])
  // The whole and no more is there for it.
  expect(await ask('mal', { t: 'names' })).toEqual([0])
  expect(
    await ask('mal', { t: 'tree', paths: Array.from({ length: TREE_READS_MAX - DIFF_ROWS_MAX }, () => '') }),
  ).toContain(0)
  expect(await ask('mal', { t: 'tree', paths: [''] })).toBe('busy')
})
