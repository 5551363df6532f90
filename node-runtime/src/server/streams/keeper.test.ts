import { expect, test } from 'vitest'
import { Feed } from '../../base/feed.ts'
import { silentLogger } from '../../base/log.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import type { Asker, Refusal } from '../access/asker.ts'
import { type Connected, Keeper } from './keeper.ts'
import { ASKED_AGAIN_MS } from './limits.ts'

const EXPIRED: Refusal = { granted: false, status: 401, reason: 'token_expired' }
const NO_LOOK: Refusal = { granted: false, status: 500 }

/** A connection whose token is worth what `now` says; what happens to it is in `seen`. */
function connected(now: () => Refusal | undefined, seen: string[]): Connected {
  const asker: Asker = {
    granted: true,
    keyId: 'k',
    member: undefined,
    permits: () => true,
    again: async () => now() ?? asker,
  }
  return { asker, renewed: () => seen.push('renewed'), dismiss: (reason) => seen.push(reason) }
}

function kept(now: () => Refusal | undefined) {
  const clock = new DrivenClock()
  const revocations = new Feed<void>((error) => {
    throw error
  })
  const seen: string[] = []
  const keeper = new Keeper({ clock, log: silentLogger, revocations })
  const one = connected(now, seen)
  keeper.add(one)
  const pass = async () => {
    const endMs = clock.nowMs() + ASKED_AGAIN_MS
    for (await clock.rest(); clock.nowMs() < endMs && clock.step(); ) await clock.rest()
    await clock.rest()
  }
  return { clock, revocations, keeper, one, seen, pass }
}

test('who is connected is asked about again every minute, until its token is not good any more', async () => {
  let worth: Refusal | undefined
  const { seen, pass, clock } = kept(() => worth)
  await pass()
  await pass()
  expect(seen).toEqual(['renewed', 'renewed'])
  worth = EXPIRED
  await pass()
  expect(seen.slice(2)).toEqual(['token_expired'])
  await pass()
  expect(seen).toHaveLength(3)
  expect(clock.step()).toBe(false)
})

test('a change of keys asks at once, and one that comes meanwhile asks once more', async () => {
  const { seen, revocations, clock } = kept(() => undefined)
  for (let count = 0; count < 5; count += 1) revocations.emit()
  await clock.rest()
  expect(seen).toEqual(['renewed', 'renewed'])
})

test('keys that cannot be looked at end nothing', async () => {
  const { seen, pass } = kept(() => NO_LOOK)
  await pass()
  expect(seen).toEqual([])
})

test('who has gone is not asked about', async () => {
  const { seen, keeper, one, pass } = kept(() => EXPIRED)
  keeper.delete(one)
  await pass()
  expect(seen).toEqual([])
})

test('a change that comes just as a round ends is seen as well', async () => {
  for (let steps = 0; steps < 12; steps += 1) {
    let worth: Refusal | undefined
    const { seen, revocations, clock } = kept(() => worth)
    revocations.emit()
    for (let step = 0; step < steps; step += 1) await undefined
    worth = EXPIRED
    revocations.emit()
    await clock.rest()
    expect([steps, seen.at(-1)]).toEqual([steps, 'token_expired'])
  }
})
