import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { silentLogger } from '../../base/log.ts'
import { contextA } from '../../storage/state-fixture.ts'
import { incomingMetaKey, NO_STATE, putIncomingMeta } from '../../storage/state-meta.ts'
import { faultyStore } from '../../store/faulty-store.ts'
import { memoryStore } from '../../store/memory.ts'
import { RECEIPT_KEPT_MS, RECEIPT_PAUSE_MS } from '../limits.ts'
import { Leftovers } from './leftovers.ts'
import { Receipts } from './receipts.ts'

/** With a receipt that was cut off; its timers fire when they are told to. */
async function cutOff() {
  const disk = memoryStore()
  await disk.batch([putIncomingMeta(contextA, { ...NO_STATE, generation: 1, token: new Uint8Array(1) })])
  let unreadable: Error | undefined
  const store = faultyStore(disk, 'disk', { read: () => unreadable })
  const timers: { fn: () => void; delayMs: number }[] = []
  const setTimer = (fn: () => void, delayMs: number) => {
    const timer = { fn, delayMs }
    timers.push(timer)
    return () => void timers.splice(timers.indexOf(timer), 1)
  }
  const leftovers = new Leftovers({ store, receipts: new Receipts(1), log: silentLogger, setTimer })
  const fire = async () => {
    timers.shift()?.fn()
    await setImmediate()
  }
  const breakStore = (error: Error | undefined) => {
    unreadable = error
  }
  return { leftovers, delays: () => timers.map(({ delayMs }) => delayMs), fire, breakStore, disk }
}

it('what cannot be removed while the store is opened anew is removed a little later', async () => {
  const { leftovers, delays, fire, breakStore, disk } = await cutOff()
  leftovers.look(contextA)
  expect(delays()).toEqual([RECEIPT_KEPT_MS])
  breakStore(new Error('no space left on device'))
  await fire()
  expect(delays()).toEqual([RECEIPT_PAUSE_MS])
  await fire()
  expect(delays()).toEqual([RECEIPT_PAUSE_MS])
  breakStore(undefined)
  await fire()
  expect(delays()).toEqual([])
  expect(disk.get(incomingMetaKey(contextA))).toBeUndefined()
})

it('who reads the context again, however often, does not put the removal off', async () => {
  const { leftovers, delays, fire, breakStore, disk } = await cutOff()
  leftovers.look(contextA)
  breakStore(new Error('no space left on device'))
  const fired = fire()
  // While it is removed, too.
  breakStore(undefined)
  leftovers.look(contextA)
  breakStore(new Error('no space left on device'))
  await fired
  expect(delays()).toEqual([RECEIPT_PAUSE_MS])
  breakStore(undefined)
  leftovers.look(contextA)
  expect(delays()).toEqual([RECEIPT_PAUSE_MS])
  await fire()
  expect(disk.get(incomingMetaKey(contextA))).toBeUndefined()
})

it('nothing is looked for once it is closed, by a removal that fails then either', async () => {
  const { leftovers, delays, fire, breakStore } = await cutOff()
  leftovers.note(contextA)
  breakStore(new Error('no space left on device'))
  const fired = fire()
  leftovers.close()
  await fired
  leftovers.note(contextA)
  expect(delays()).toEqual([])
})
