import { expect, it } from 'vitest'
import { type ContextId, parseHexId } from '../../base/ids.ts'
import { RECEIPT_PAUSE_MS, RECEIPT_TURN_MS } from '../limits.ts'
import { Receipts } from './receipts.ts'

const id = parseHexId<ContextId>('aa'.repeat(32))

it('of peers that take turns each may take twice as long as the one before, until the state is here', () => {
  const receipts = new Receipts(1000)
  let nowMs = 0
  const overAfterMs = (from: string, other: string, lengthMs: number) => {
    const turn = receipts.begin(id, from, nowMs)
    if (!turn) throw new Error('another has its turn')
    expect(receipts.begin(id, other, nowMs + lengthMs - 1)).toBeUndefined()
    expect(turn.isOver).toBe(false)
    nowMs += lengthMs
    expect(receipts.begin(id, from, nowMs)).toBeUndefined()
    expect(turn.isOver).toBe(false)
    expect(receipts.begin(id, other, nowMs)).toBeUndefined()
    expect(turn.isOver).toBe(true)
    receipts.giveWay(id, turn, nowMs)
    receipts.end(id)
    expect(receipts.begin(id, from, nowMs + RECEIPT_PAUSE_MS - 1)).toBeUndefined()
  }
  overAfterMs('eve', 'ada', RECEIPT_TURN_MS)
  overAfterMs('ada', 'eve', 2 * RECEIPT_TURN_MS)
  overAfterMs('eve', 'ada', 4 * RECEIPT_TURN_MS)
  receipts.done(id)
  overAfterMs('ada', 'eve', RECEIPT_TURN_MS)
})

it('of peers that send too much each may send twice as much as the one before, until the state is here', () => {
  const receipts = new Receipts(1000)
  let nowMs = 0
  const tooLarge = (from: string, bytesMax: number) => {
    const turn = receipts.begin(id, from, nowMs)
    if (!turn) throw new Error('another has its turn')
    expect([turn.bytesMax, turn.lengthMs]).toEqual([bytesMax, RECEIPT_TURN_MS])
    turn.isTooLarge = true
    receipts.giveWay(id, turn, nowMs)
    receipts.end(id)
    expect(receipts.begin(id, from, nowMs + RECEIPT_PAUSE_MS - 1)).toBeUndefined()
    nowMs += RECEIPT_PAUSE_MS
  }
  tooLarge('eve', 1000)
  tooLarge('ada', 2000)
  tooLarge('ada', 4000)
  receipts.done(id)
  tooLarge('ada', 1000)
})
