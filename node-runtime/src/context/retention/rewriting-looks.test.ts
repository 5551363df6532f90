// How long own deltas wait for another author, by the looks alone.
import { expect, it } from 'vitest'
import { type DeltaId, parseHexId } from '../../base/ids.ts'
import { faultyStore } from '../../store/faulty-store.ts'
import { memoryStore } from '../../store/memory.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { RecordingLogger } from '../../testing/recording-logger.ts'
import { bob, delta } from '../../wire/messages.fixture.ts'
import { REWRITE_LOOK_MS, REWRITE_WAIT_LOOKS } from '../limits.ts'
import { putReissue } from './reissue-rows.ts'
import { Rewriting } from './rewriting.ts'

/** The look after the last one at which it is waited for. */
const LONGEST_MS = (REWRITE_WAIT_LOOKS + 1) * REWRITE_LOOK_MS

const placeOf = (stamp: number) => parseHexId<DeltaId>(`${stamp.toString(16).padStart(16, '0')}${'0'.repeat(48)}`)

/**
 * Bob is heard of all the time, and says every `everyMs` to have written a little more again. Returns how long it takes.
 * `isShut`: whether the store cannot be read so long after the start.
 */
async function waitFor(everyMs: number, isShut: (afterMs: number) => boolean = () => false): Promise<number> {
  const clock = new DrivenClock()
  const startMs = clock.nowMs()
  const refusal = new Error('the database is not open')
  const read = () => (isShut(clock.nowMs() - startMs) ? refusal : undefined)
  const store = faultyStore(memoryStore(), 'here', { read })
  const behind = new Map([[bob.publicKey, placeOf(1_000_000)]])
  await store.batch([putReissue(delta.contextId, { origin: placeOf(1), delta, behind })])
  let writtenMs: number | undefined
  const parts = {
    record: { id: delta.contextId },
    rows: { async *deltas() {} },
    store,
    dag: { isReady: () => false, isBeneath: () => false },
    pruner: { checkpoint: undefined },
    authority: { mayWrite: () => true },
    setTimer: (fn: () => void, delayMs: number) => clock.setTimer(fn, delayMs),
    log: new RecordingLogger(),
    caller: {
      reissue: async () => {
        writtenMs = clock.nowMs()
        rewriting.close()
      },
    },
    frontier: { beatsOf: () => clock.nowMs() },
    enqueue: <T>(task: () => Promise<T>) => task(),
  }
  const rewriting = new Rewriting(parts as unknown as ConstructorParameters<typeof Rewriting>[0])
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
  expect(await waitFor(100 * LONGEST_MS, isShut)).toBe(LONGEST_MS)
})
