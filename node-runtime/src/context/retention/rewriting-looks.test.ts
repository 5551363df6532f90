// How long own deltas wait for another author, and for what is in the way here, by the looks alone.
import { expect, it } from 'vitest'
import { type DeltaId, parseHexId } from '../../base/ids.ts'
import { faultyStore } from '../../store/faulty-store.ts'
import { memoryStore } from '../../store/memory.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { RecordingLogger } from '../../testing/recording-logger.ts'
import { bob, delta } from '../../wire/messages.fixture.ts'
import { ContextError } from '../errors.ts'
import { RECONSIDER_MS, REWRITE_LOOK_MS, REWRITE_WAIT_LOOKS } from '../limits.ts'
import { HeldUp } from './held-up.ts'
import { dropReissue, putReissue, type Reached } from './reissue-rows.ts'
import { Rewriting } from './rewriting.ts'

/** The look after the last one at which it is waited for. */
const LONGEST_MS = (REWRITE_WAIT_LOOKS + 1) * REWRITE_LOOK_MS

const placeOf = (stamp: number) => parseHexId<DeltaId>(`${stamp.toString(16).padStart(16, '0')}${'0'.repeat(48)}`)

/** One own delta is to be written again. `reissue` writes it. `isShut`: whether the store cannot be read so long after the start. */
async function stage(
  behind: Reached,
  reissue: () => Promise<void>,
  isShut: (afterMs: number) => boolean = () => false,
) {
  const clock = new DrivenClock()
  const startMs = clock.nowMs()
  const refusal = new Error('the database is not open')
  const read = () => (isShut(clock.nowMs() - startMs) ? refusal : undefined)
  const store = faultyStore(memoryStore(), 'here', { read })
  await store.batch([putReissue(delta.contextId, { origin: placeOf(1), delta, behind })])
  const parts = {
    record: { id: delta.contextId },
    rows: { async *deltas() {} },
    store,
    isRewriting: true,
    dag: { isReady: () => false, isBeneath: () => false },
    pruner: { checkpoint: undefined },
    authority: { mayWrite: () => true },
    heldUp: new HeldUp(),
    nowMs: () => clock.nowMs(),
    setTimer: (fn: () => void, delayMs: number) => clock.setTimer(fn, delayMs),
    log: new RecordingLogger(),
    caller: { reissue },
    frontier: { beatsOf: () => clock.nowMs() },
    wholeness: { refusal: () => undefined },
    enqueue: <T>(task: () => Promise<T>) => task(),
  }
  const rewriting = new Rewriting(parts as unknown as ConstructorParameters<typeof Rewriting>[0])
  return { clock, store, rewriting }
}

/** Bob is heard of all the time, and says every `everyMs` to have written a little more again. Returns how long it takes. */
async function waitFor(everyMs: number, isShut?: (afterMs: number) => boolean): Promise<number> {
  let writtenMs: number | undefined
  const reissue = async () => {
    writtenMs = clock.nowMs()
    rewriting.close()
  }
  const { clock, rewriting } = await stage(new Map([[bob.publicKey, placeOf(1_000_000)]]), reissue, isShut)
  const startMs = clock.nowMs()
  let stamp = 1
  const creep = () => {
    stamp += 1
    rewriting.saw({ ...delta, author: bob.publicKey, rewrites: [placeOf(stamp)] })
    clock.setTimer(creep, everyMs)
  }
  clock.setTimer(creep, everyMs)
  await rewriting.run()
  expect(rewriting.isWaiting).toBe(true)
  while (writtenMs === undefined && clock.nowMs() - startMs < 10 * LONGEST_MS) {
    await clock.rest()
    clock.step()
  }
  expect(rewriting.isWaiting).toBe(false)
  return (writtenMs ?? clock.nowMs()) - startMs
}

it.each([
  ['says nothing', 100 * LONGEST_MS],
  ['says so now and then', 100 * REWRITE_LOOK_MS],
  ['says so between any two looks', REWRITE_LOOK_MS / 3],
])('a member that is there and %s is waited for as long, and no longer', async (_, everyMs) => {
  expect(await waitFor(everyMs)).toBe(LONGEST_MS)
})

it('looks at which the store cannot be read are followed by others', async () => {
  const isShut = (afterMs: number) => afterMs > 2 * REWRITE_LOOK_MS && afterMs < 5 * REWRITE_LOOK_MS
  const tookMs = await waitFor(100 * LONGEST_MS, isShut)
  expect(tookMs).toBeGreaterThanOrEqual(LONGEST_MS)
  // The looks after a failure are rarer.
  expect(tookMs).toBeLessThanOrEqual(LONGEST_MS + 8 * REWRITE_LOOK_MS)
})

const coded = (code: ContextError['code']) => new ContextError(code, 'the reason')
const HOUR_MS = 60 * 60_000

it.each([
  // Calls and whatever else wakes it try it, where that is cheap.
  ['code is lacking, or the machine is too slow', coded('APPLY_POSTPONED'), 'waiting', 'CONTEXT_BUSY', 0],
  ['too many members were changed', coded('CONTEXT_BUSY'), 'waiting', 'CONTEXT_BUSY', 3],
  ['a key is on its way', coded('GROUP_KEY_PENDING'), 'waiting', 'GROUP_KEY_PENDING', 3],
  ['this member may not write', coded('NOT_ALLOWED'), 'refused', 'NOT_ALLOWED', 3],
])(
  'while %s it waits, which calls and operators hear, and is written in the end',
  async (_, error, state, code, more) => {
    let tries = 0
    let isPossible = false
    const { clock, store, rewriting } = await stage(new Map(), async () => {
      tries += 1
      if (!isPossible) throw error
      await store.batch([dropReissue(delta.contextId, placeOf(1))])
    })
    const pass = async (delayMs: number) => {
      const endMs = clock.nowMs() + delayMs
      clock.setTimer(() => {}, delayMs)
      for (await clock.rest(); clock.nowMs() < endMs; await clock.rest()) clock.step()
    }
    await rewriting.run()
    await pass(HOUR_MS)
    // 1, 2, 4, 8, 16 and 32 s, and then each minute.
    expect(tries).toBeGreaterThanOrEqual(60)
    expect(tries).toBeLessThanOrEqual(70)
    const before = tries
    const states = [await rewriting.all(), await rewriting.all()]
    await rewriting.run()
    expect([states, tries - before]).toEqual([[state, state], more])
    expect([rewriting.isWaiting, rewriting.failure]).toEqual([true, 'the reason'])
    const refusal = { code, message: expect.stringContaining('the reason'), data: { deltaId: delta.id } }
    await expect(rewriting.over()).rejects.toMatchObject(refusal)
    expect(rewriting.notNow()).toMatchObject(refusal)
    isPossible = true
    await pass(RECONSIDER_MS)
    await rewriting.over()
    expect([await rewriting.all(), rewriting.isWaiting, rewriting.failure]).toEqual(['done', false, undefined])
  },
)
