// What a member may ask for in one request, whatever is here.
import { expect, it } from 'vitest'
import { type ContextId, idFromBytes } from '../base/ids.ts'
import type { FrameStream } from '../network/network.ts'
import type { Want } from '../reconcile/answer.ts'
import { keyNumber, RowSet } from '../reconcile/item-set.fixture.ts'
import type { SetView } from '../reconcile/set-view.ts'
import { peerIdOf } from '../testing/test-node.ts'
import { WANTS_MAX } from '../wire/limits.ts'
import { type SyncFrame, syncFrameMessage } from '../wire/sync-messages.ts'
import { DeltaAnswering } from './delta-answering.ts'
import type { SyncedContext } from './ports.ts'

const HELD = 20_000
const contextId = idFromBytes<ContextId>(new Uint8Array(32))

it('as many wants as a request may have, of which nothing is here, are looked up for one turn, and the rest is put off', async () => {
  const set = new RowSet(Array.from({ length: HELD }, (_, index) => keyNumber(index, BigInt(index) * 50_000_000n)))
  const wants = Array.from({ length: WANTS_MAX }, (_, index): Want => {
    const stamp = BigInt(Math.floor((index * HELD) / WANTS_MAX)) * 50_000_000n
    return { t: 'item', key: keyNumber(HELD + index, stamp + 1n) }
  })
  const visits: number[] = []
  const readHeld = <T>(work: (view: SetView) => T): T => {
    const view = set.view()
    const done = work(view)
    visits.push(view.visits)
    return done
  }
  const context: SyncedContext = Object.create(null, { readHeld: { value: readHeld } })
  const frames: SyncFrame[] = []
  const stream: FrameStream = Object.create(null, {
    send: { value: async (bytes: Uint8Array) => void frames.push(syncFrameMessage.decode(bytes)) },
  })
  const answering = new DeltaAnswering({ answerIdsMax: 20_000, onLacking: () => {} })
  await answering.answer({ peer: peerIdOf('asker'), request: { t: 'fetch', contextId, wants }, context, stream })
  expect(frames).toEqual([{ t: 'end', more: true }])
  expect(visits.map((count) => count <= 20_100)).toEqual([true])
})
