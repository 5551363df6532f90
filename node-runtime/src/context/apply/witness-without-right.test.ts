// What a member that may not write keeps of the removals that it hears of: it may come to say it, and there is no end of them.
import { expect, test } from 'vitest'
import { type AccountId, type ContextId, type DeltaId, idFromBytes, type OpId } from '../../base/ids.ts'
import { HEARD_HEADS_KEPT_MAX, HEARD_KEPT_MAX } from '../limits.ts'
import { Witness } from './witness.ts'

const idOf = <Id extends string>(kind: number, count: number) =>
  idFromBytes<Id & ContextId>(Uint8Array.from({ length: 32 }, (_, at) => [kind, count & 255, count >> 8][at] ?? 0))
const account = (count: number) => idOf<AccountId>(1, count)
const op = (count: number) => idOf<OpId>(2, count)

/** Hears of so many removals, from each of which it had accepted so many heads. */
async function hear(removals: number, heads: number) {
  const ledger = { heard: new Map(), witnessed: new Set<OpId>(), removals: new Uint8Array(32), written: 0 }
  const seen = { looks: 0, writes: 0, timers: 0 }
  const known = Array.from({ length: removals }, (_, count) => [account(count), { op: op(count) }])
  const none = { judgement: new Uint8Array(32).fill(1), all: () => [] }
  const parts = {
    record: { id: idOf<ContextId>(3, 0) },
    account: idOf<AccountId>(4, 0),
    identity: { publicKey: '' },
    authority: { mayWrite: () => false, removalsIn: () => known },
    voids: { known: none },
    ledger: Object.assign(ledger, {
      judgementOp: () => undefined,
      commit: async () => {
        seen.writes += 1
      },
    }),
    setTimer: () => {
      seen.timers += 1
    },
    accepted: async (isFrom: (account: AccountId) => boolean): Promise<DeltaId[]> => {
      seen.looks += 1
      expect(isFrom(account(seen.looks - 1))).toBe(true)
      return Array.from({ length: heads }, (_, count) => idOf<DeltaId>(5, count))
    },
  }
  const witness = new Witness(parts as never)
  await witness.note()
  await witness.note()
  return { kept: [...ledger.heard.keys()], finished: ledger.witnessed.size, isOwing: witness.isOwing, ...seen }
}

test('all are kept, each is looked at once, and nothing is to be said', async () => {
  const { kept, ...rest } = await hear(3, 1)
  expect(kept).toEqual([op(0), op(1), op(2)])
  expect(rest).toEqual({ finished: 0, isOwing: false, looks: 3, writes: 1, timers: 0 })
})

test('of many the newest are', async () => {
  const { kept, ...rest } = await hear(HEARD_KEPT_MAX + 2, 1)
  expect([kept.length, kept[0]]).toEqual([HEARD_KEPT_MAX, op(2)])
  expect(rest).toEqual({ finished: 2, isOwing: false, looks: HEARD_KEPT_MAX + 2, writes: 1, timers: 0 })
})

test('and of many heads as many as of so many removals of few', async () => {
  const { kept, finished } = await hear(8, (HEARD_KEPT_MAX * HEARD_HEADS_KEPT_MAX) / 4)
  expect([kept, finished]).toEqual([[op(4), op(5), op(6), op(7)], 4])
})
