// What operations of others cost this node at a time: turns between them, and what waits for long is forgotten.
import { expect, it } from 'vitest'
import { HybridClock } from '../../base/clock.ts'
import { sha256 } from '../../base/hash.ts'
import { idFromBytes, type KemKey, type KeyId, type OpId } from '../../base/ids.ts'
import { accountOf, type SigningKey, signingKeyFromSeed } from '../../base/keys.ts'
import { silentLogger } from '../../base/log.ts'
import { applicationIdOf, namespaceIdOf, type OpBody } from '../../base/operations.ts'
import { memoryStore } from '../../store/memory.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { type SignedOp, signOp } from '../../wire/op.ts'
import { AGED_AFTER_MS, TURN_COST } from '../limits.ts'
import { OpLog } from './op-log.ts'

const keyOf = (name: string) => signingKeyFromSeed(sha256(Buffer.from(name)))
const [ada, eve] = [keyOf('ada'), keyOf('eve')]
const salt = sha256(Buffer.from('salt'))
const namespaceId = namespaceIdOf(ada.publicKey, salt)

function signed(signingKey: SigningKey, on: readonly OpId[], body: OpBody, step: number): SignedOp {
  return signOp({ namespaceId, parents: [...on].sort(), hlc: 1_000n + BigInt(step), body, signingKey })
}

const genesis = signed(
  ada,
  [],
  {
    kind: 'namespace_created',
    applicationId: applicationIdOf(idFromBytes(salt)),
    admin: { account: accountOf(ada.publicKey), publicKey: ada.publicKey, kemKey: idFromBytes<KemKey>(salt) },
    keyId: idFromBytes<KeyId>(salt),
    salt,
  },
  0,
)

const named = (name: string): OpBody => ({ kind: 'metadata_set', groupId: namespaceId, name, fields: [] })

/** Each on the one before. */
function chain(length: number): SignedOp[] {
  const ops = [genesis]
  for (let i = 1; i < length; i += 1) ops.push(signed(ada, [ops[i - 1]?.id ?? genesis.id], named(`n${i}`), i))
  return ops
}

/** A log on a clock that is driven by hand; `seen`: after each turn what was accepted in it, and what is in the store by then. */
async function logOf() {
  const clock = new DrivenClock()
  const store = memoryStore()
  const seen: { readonly accepted: number; readonly stored: number }[] = []
  const count = async () => {
    let rows = 0
    for await (const _ of store.entries({ gte: new Uint8Array(0), lt: Uint8Array.of(255) })) rows += 1
    return rows
  }
  const asked: (string | undefined)[] = []
  const outbound = {
    askForOps: (_id: unknown, from: string | undefined) => void asked.push(from),
    publishOps: async () => {},
  }
  const parts = { store, identity: ada, hlc: new HybridClock(clock), clock, outbound, log: silentLogger }
  const told = { accepted: 0, stored: 0 }
  const log = await OpLog.open(namespaceId, parts, {
    onAccepted: () => {
      told.accepted += 1
    },
    onStored: (ops) => {
      told.stored += ops.length
      void count().then((stored) => seen.push({ accepted: ops.length, stored }))
    },
  })
  const reopened = () => OpLog.open(namespaceId, parts, { onAccepted: () => {}, onStored: () => {} })
  /** Lets time pass until it has settled. */
  const run = async <T>(work: Promise<T>): Promise<T> => {
    let isSettled = false
    const settle = () => {
      isSettled = true
    }
    work.then(settle, settle)
    for (await clock.rest(); !isSettled; await clock.rest()) clock.step()
    return work
  }
  return { log, clock, run, seen, asked, told, store, reopened }
}

it('many operations are taken in turns, each stored before others have theirs', async () => {
  const { log, run, seen } = await logOf()
  const ops = chain(3 * TURN_COST + 10)
  expect(await run(log.receive(ops, undefined))).toBe(ops.length)
  expect(seen.length).toBe(4)
  let stored = 0
  for (const turn of seen) {
    expect(turn.accepted).toBeLessThanOrEqual(TURN_COST)
    stored += turn.accepted
    expect(turn.stored).toBe(stored)
  }
})

it('what one operation completes is taken in turns, too', async () => {
  const { log, run, seen, asked } = await logOf()
  const ops = chain(2 * TURN_COST + 1)
  const last = ops.slice(1).reverse()
  expect(await run(log.receive(last, 'peer' as never))).toBe(0)
  expect([log.governance.pendingCount, new Set(asked)]).toEqual([last.length, new Set(['peer'])])
  expect(await run(log.receive([genesis], undefined))).toBe(ops.length)
  expect(seen.length).toBe(3)
  for (const { accepted } of seen) expect(accepted).toBeLessThanOrEqual(TURN_COST)
  expect([log.governance.heads(), log.governance.pendingCount]).toEqual([[ops.at(-1)?.id], 0])
})

it('what is ours comes between the turns of what others send', async () => {
  const { log, run } = await logOf()
  await run(log.receive([genesis], undefined))
  const theirs = log.receive(chain(4 * TURN_COST), undefined)
  const own = await run(log.run(() => log.add(named('own'), [])))
  const all = log.governance.opsNotIn([], 1e6)
  expect(all.length).toBeLessThan(2 * TURN_COST)
  expect(all.at(-1)?.id).toBe(own.id)
  expect(await run(theirs)).toBe(4 * TURN_COST - 1)
})

it.each([
  ['nobody knew when they came', 1],
  ['was known when they came', 2],
])('what is ours between turns leaves to them what was completed, its author %s', async (_, known) => {
  const { log, run, told, store, reopened } = await logOf()
  const ops = chain(4 * TURN_COST)
  await run(log.receive(ops.slice(0, known - 1), undefined))
  await run(log.receive(ops.slice(known).reverse(), undefined))
  const theirs = log.receive(ops.slice(0, known), undefined)
  const own = await run(log.run(() => log.add(named('own'), [])))
  await run(log.addAll([named('own, too')], (rows) => store.batch(rows)))
  expect(log.governance.opsNotIn([], 1e6).length).toBeLessThan(4 * TURN_COST)
  expect(await run(theirs)).toBe(ops.length - (known - 1))
  const next = await run(log.run(() => log.add(named('next'), [])))
  const isAll = ops.length + 3
  expect([log.governance.opsNotIn([], 1e6).length, log.governance.pendingCount]).toEqual([isAll, 0])
  expect(told).toEqual({ accepted: isAll, stored: isAll })
  const again = await reopened()
  expect([again.governance.has(own.id), again.governance.has(next.id)]).toEqual([true, true])
  expect([again.governance.opsNotIn([], 1e6).length, again.governance.pendingCount]).toEqual([isAll, 0])
})

it('refused operations count as work: who sends many lets others have their turn', async () => {
  const { log, clock, run } = await logOf()
  await run(log.receive([genesis], undefined))
  let turns = 0
  const setTimer = clock.setTimer.bind(clock)
  clock.setTimer = (fn, delayMs) => {
    if (delayMs === 0) turns += 1
    return setTimer(fn, delayMs)
  }
  const ops = Array.from({ length: 2 * TURN_COST }, (_, i) => signed(eve, [genesis.id], named(`x${i}`), i + 1))
  expect(await run(log.receive(ops, undefined))).toBe(0)
  expect([log.refused, turns]).toEqual([ops.length, 2])
})

it('what strangers have waiting is forgotten in its time, and taken when it comes again', async () => {
  const { log, clock, run } = await logOf()
  const ops = chain(3)
  await run(log.receive(ops.slice(1), undefined))
  expect(log.governance.pendingCount).toBe(2)
  const endMs = clock.nowMs() + 2 * AGED_AFTER_MS
  for (let left = true; left && clock.nowMs() < endMs; await clock.rest()) left = clock.step()
  expect(log.governance.pendingCount).toBe(0)
  expect(clock.step()).toBe(false)
  expect(await run(log.receive(ops, undefined))).toBe(3)
})
