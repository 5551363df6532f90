import { scryptSync } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { getPriority } from 'node:os'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HASH_NICENESS, HASH_THREAD_IDLE_MS, NICENESS_MAX } from '../limits.ts'
import { HashThread } from './hash-thread.ts'

const salt = new Uint8Array(16).fill(7)
const options = { N: 1024, r: 8, p: 1 }

const of = (thread: HashThread, password: string) => thread.derive({ password, salt, bytes: 32, options })

/** A thread of the given program. */
const running = (program: string) => new HashThread(new URL(`data:text/javascript,${encodeURIComponent(program)}`))

/** Priorities of all threads of this process, highest number last. */
function priorities(): number[] {
  const found = readdirSync('/proc/self/task').flatMap((id) => {
    try {
      return [getPriority(Number(id))]
    } catch {
      // It has just ended.
      return []
    }
  })
  return found.toSorted((a, b) => a - b)
}

describe('a password', () => {
  it('is derived as node:crypto does, each who asks at once with its own', async () => {
    const thread = new HashThread()
    const passwords = Array.from({ length: 10 }, (_, index) => `pässword ${index}`)
    const wanted = passwords.map((each) => scryptSync(each, salt, 32, options).toString('hex'))
    const seen = await Promise.all(passwords.map((each) => of(thread, each)))
    expect(seen.map((key) => Buffer.from(key).toString('hex'))).toEqual(wanted)
  })

  it('with options that scrypt refuses is an error, and the next one is not', async () => {
    const thread = new HashThread()
    const refused = thread.derive({ password: 'x', salt, bytes: 32, options: { N: 3 } })
    const next = of(thread, 'x')
    await expect(refused).rejects.toThrow('a password could not be hashed')
    expect((await next).byteLength).toBe(32)
  })

  it('whose thread is lost is an error, and so is each that waits; the next one has another thread', async () => {
    const thread = running(`
      import { parentPort } from 'node:worker_threads'
      parentPort.on('message', ({ password }) => {
        if (password === 'break') process.exit(3)
        parentPort.postMessage({ key: new Uint8Array(32) })
      })`)
    const lost = [of(thread, 'break'), of(thread, 'x')]
    for (const each of lost) await expect(each).rejects.toThrow('was lost: it ended with code 3')
    expect((await of(thread, 'x')).byteLength).toBe(32)
  })

  it('whose thread cannot start is an error, each time', async () => {
    const thread = running('throw new Error("no such program")')
    await expect(of(thread, 'x')).rejects.toThrow('was lost: no such program')
    await expect(of(thread, 'x')).rejects.toThrow('was lost: no such program')
  })
})

const canGiveWay = process.platform === 'linux' && getPriority() < NICENESS_MAX

describe('its thread', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it.runIf(canGiveWay)('gives way to all others, and ends when nobody has asked for a while', async () => {
    const [before, own] = [priorities(), getPriority()]
    const low = Math.min(NICENESS_MAX, own + HASH_NICENESS)
    const count = (all: readonly number[]) => all.filter((each) => each === low).length
    const thread = new HashThread()
    await of(thread, 'x')
    expect(getPriority()).toBe(own)
    expect(count(priorities())).toBe(count(before) + 1)
    vi.advanceTimersByTime(HASH_THREAD_IDLE_MS - 1)
    await of(thread, 'y')
    vi.advanceTimersByTime(HASH_THREAD_IDLE_MS - 1)
    expect(count(priorities())).toBe(count(before) + 1)
    vi.advanceTimersByTime(1)
    vi.useRealTimers()
    await vi.waitFor(() => expect(count(priorities())).toBe(count(before)), 60_000)
    expect((await of(thread, 'z')).byteLength).toBe(32)
  })
})
