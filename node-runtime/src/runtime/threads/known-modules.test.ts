import { describe, expect, it } from 'vitest'
import { HOST_LIMITS } from '../limits.ts'
import type { LoadedModule } from '../module/link-plan.ts'
import { KnownModules, ReceivedModules } from './known-modules.ts'

// The smallest module: magic and version.
const compiled = await WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))
const loadedOf = (name: string): LoadedModule => ({
  compiled,
  plan: { imports: [], methods: new Set([name]), otherExports: new Set(), storage: 'guest' },
})

describe('modules of a guest worker', () => {
  it('travel once, and are named then', () => {
    const known = new KnownModules()
    const received = new ReceivedModules()
    const [a, b] = [loadedOf('a'), loadedOf('b')]
    const sent = [a, b, a, b, a].map((loaded) => known.name(loaded))
    expect(sent.map(({ loaded }) => loaded)).toEqual([a, b, undefined, undefined, undefined])
    expect(sent.map((each) => received.take(each))).toEqual([a, b, a, b, a])
  })

  it('are forgotten on both sides when they are too many, the least recently used first', () => {
    const known = new KnownModules()
    const received = new ReceivedModules()
    const all = Array.from({ length: HOST_LIMITS.cachedModules }, (_, index) => loadedOf(`m${index}`))
    const [first, second] = all
    if (!first || !second) throw new Error('no modules')
    for (const loaded of all) received.take(known.name(loaded))
    received.take(known.name(first))
    const last = known.name(loadedOf('last'))
    const idOfSecond = 1
    expect(last.forget).toBe(idOfSecond)
    received.take(last)
    expect(() => received.take({ id: idOfSecond })).toThrow(/not sent/)
    expect(received.take(known.name(first))).toBe(first)
    // It goes once more.
    expect(received.take(known.name(second))).toBe(second)
  })

  it('that could not be sent go with the next run', () => {
    const known = new KnownModules()
    const loaded = loadedOf('a')
    known.name(loaded)
    known.unsent(loaded)
    expect(known.name(loaded).loaded).toBe(loaded)
  })
})
