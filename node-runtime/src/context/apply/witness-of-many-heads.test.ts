// What a member had accepted in more heads than are kept once they are said: they are kept until all is judged by them, so that it
// knows what it owes wherever it is started again meanwhile.
import { expect, test } from 'vitest'
import { type AccountId, type ContextId, type DeltaId, idFromBytes, type OpId } from '../../base/ids.ts'
import { HEARD_HEADS_KEPT_MAX } from '../limits.ts'
import { Witness } from './witness.ts'

const idOf = <Id extends string>(kind: number, count = 0) =>
  idFromBytes<Id & ContextId>(new Uint8Array(32).fill(kind).fill(count, 30))
const CONTEXT = idOf<ContextId>(1)
const REMOVED = idOf<AccountId>(2)
const OP = idOf<OpId>(3)

const known = (turn: number, more: object) => {
  const removals = [[REMOVED, { op: OP, ...more }]]
  return { judgement: new Uint8Array(32).fill(turn), all: () => removals }
}

function witnessOf(count: number) {
  const heads = Array.from({ length: count }, (_, at) => idOf<DeltaId>(4, at))
  const [before, after] = [known(1, {}), known(2, { witnessed: { [CONTEXT]: heads } })]
  const log = { now: before, said: 0 }
  const ledger = { heard: new Map(), witnessed: new Set<OpId>(), removals: before.judgement }
  const voids = { known: before, accepts: () => log.said > 0 }
  let due: (() => void) | undefined
  let said: Promise<void> | undefined
  const parts = {
    record: { id: CONTEXT },
    account: idOf<AccountId>(5),
    identity: { publicKey: '' },
    authority: {
      mayWrite: () => true,
      writers: () => [{ publicKey: '' }],
      heads: () => [],
      removalsIn: () => log.now.all(),
      judgement: () => log.now.judgement,
      pinRemoval: async () => {
        log.now = after
        log.said += 1
      },
    },
    voids,
    ledger: Object.assign(ledger, { judgementOp: () => undefined, commit: async () => {} }),
    setTimer: (fn: () => void) => {
      due = fn
      return () => {}
    },
    enqueue: (task: () => Promise<void>) => {
      said = task()
      return said
    },
    accepted: async () => heads,
    log: { info: () => {}, debug: () => {}, warn: () => {} },
  }
  const witness = new Witness(parts as never)
  return {
    hear: () => witness.note(),
    say: async () => {
      due?.()
      await said
    },
    judge: () => {
      ledger.removals = after.judgement
      voids.known = after
      witness.judged()
    },
    seen: () => ({ said: log.said, owes: witness.isOwing, kept: ledger.heard.has(OP), done: ledger.witnessed.has(OP) }),
  }
}

test.each([
  ['so many are kept for good, as what covers them may turn out void', HEARD_HEADS_KEPT_MAX, true],
  ['of more no more is known then', HEARD_HEADS_KEPT_MAX + 1, false],
])('a word is owed until all is judged by it: %s', async (_, heads, isKept) => {
  const { hear, say, judge, seen } = witnessOf(heads)
  await hear()
  expect(seen()).toEqual({ said: 0, owes: true, kept: true, done: false })
  await say()
  expect(seen()).toEqual({ said: 1, owes: true, kept: true, done: false })
  judge()
  expect(seen()).toEqual({ said: 1, owes: false, kept: isKept, done: !isKept })
})
