// What a node makes of a disk that takes no writes: whole nodes on the simulated network.
import { describe, expect, it } from 'vitest'
import { appWasm } from '../../../scripts/build-apps.ts'
import { utf8 } from '../base/bytes.ts'
import { faultyStore } from '../store/faulty-store.ts'
import { converge, shareContext } from '../testing/test-nodes.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import { callWhenWhole } from './calls/call-when-whole.ts'
import { CALL_GROUP_MAX, FAILING_QUIET_MS } from './limits.ts'

const { open } = testWorlds()
const NAMES = ['ada', 'bob', 'cyd']

async function scene() {
  const world = await open()
  const full = new Set<string>()
  for (const name of NAMES) {
    const place = world.place(name)
    const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    Object.assign(place, { disk: faultyStore(place.disk, name, { write: () => (full.has(name) ? error : undefined) }) })
  }
  const shared = await shareContext(world, await appWasm('kv-store'), NAMES)
  await converge(world, shared.contextId, NAMES)
  const call = (name: string, method: string, args: Record<string, string>) =>
    world.run(world.get(name).call(shared.contextId, method, args))
  const pass = (ms: number) => {
    let isOver = false
    world.clock.setTimer(() => {
      isOver = true
    }, ms)
    return world.until(`${ms} ms to pass`, () => isOver)
  }
  return { world, shared, full, call, pass }
}

describe('a full disk', () => {
  it('fails the call with its reason, and nothing of it stays', async () => {
    const { world, shared, full, call } = await scene()
    full.add('bob')
    await expect(call('bob', 'set', { key: 'k', value: 'v' })).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect(await call('bob', 'get', { key: 'k' })).toBeNull()
    full.delete('bob')
    expect(await call('bob', 'get', { key: 'k' })).toBeNull()
    await call('bob', 'set', { key: 'l', value: 'w' })
    await converge(world, shared.contextId, NAMES)
    expect(await call('ada', 'get', { key: 'k' })).toBeNull()
    expect(await call('ada', 'get', { key: 'l' })).toBe('w')
  })

  it('lets who reads meanwhile wait until the context is read again', async () => {
    const { world, full, call, shared } = await scene()
    await call('bob', 'set', { key: 'k', value: 'v' })
    full.add('bob')
    const context = await world.get('bob').context(shared.contextId)
    const request = (method: string, args: object) => ({ method, input: utf8(JSON.stringify(args)) })
    // Both wait for this instance, which the write ends.
    const written = context.call(request('set', { key: 'l', value: 'v' }))
    const reads = Array.from({ length: 80 }, () => call('bob', 'get', { key: 'k' }))
    await expect(world.run(written)).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['v']))
  })

  it('lets those wait, too, who have come before it and had no turn', async () => {
    const { world, full, call, shared } = await scene()
    await call('bob', 'set', { key: 'k', value: 'v' })
    full.add('bob')
    const request = (method: string, args: object) => ({ method, input: utf8(JSON.stringify(args)) })
    const first = await world.get('bob').context(shared.contextId)
    // More than share a turn. Who shares it with the write that fails is told that failure.
    const all = Array.from({ length: 2 * CALL_GROUP_MAX }, async (_, index) => {
      const instances = [first]
      const open = async () => instances.pop() ?? world.get('bob').context(shared.contextId)
      const asked = index === 0 ? request('set', { key: 'l', value: 'v' }) : request('get', { key: 'k' })
      return callWhenWhole(open, asked).then(
        () => 'read',
        (error) => String(error.code),
      )
    })
    const [written, ...others] = await world.run(Promise.all(all))
    expect(written).toBe('STORE_FULL')
    expect(others).toContain('read')
    expect(new Set(others.filter((each) => each !== 'STORE_FULL'))).toEqual(new Set(['read']))
  })

  it('does not lose what comes from others: it is there when there is room again', async () => {
    const { world, shared, full, call, pass } = await scene()
    full.add('bob')
    for (let n = 0; n < 5; n += 1) await call('ada', 'set', { key: `k${n}`, value: 'v' })
    await pass(60_000)
    expect(await call('bob', 'get', { key: 'k0' })).toBeNull()
    full.delete('bob')
    await converge(world, shared.contextId, NAMES)
    for (let n = 0; n < 5; n += 1) expect(await call('bob', 'get', { key: `k${n}` })).toBe('v')
  })

  it('is told once while it lasts, and each failure counts; once it was well for a while it is told again', async () => {
    const { world, shared, full, call, pass } = await scene()
    const { log, node } = world.get('bob')
    const told = () => log.entries.filter(({ message }) => message === 'a write failed; the context is read again')
    full.add('bob')
    for (let n = 0; n < 5; n += 1) {
      await call('ada', 'set', { key: `k${n}`, value: 'v' })
      await pass(5_000)
    }
    expect(told()).toEqual([
      expect.objectContaining({ level: 'error', fields: expect.objectContaining({ contextId: shared.contextId }) }),
    ])
    const failures = node.contexts.failing.count
    expect(failures).toBeGreaterThanOrEqual(5)
    full.delete('bob')
    await converge(world, shared.contextId, NAMES)
    await pass(FAILING_QUIET_MS)
    full.add('bob')
    await expect(call('bob', 'set', { key: 'b', value: 'v' })).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect(told()).toHaveLength(2)
    expect(node.contexts.failing.count).toBe(failures + 1)
  })

  it('and a restart after it find the same', async () => {
    const { world, shared, full, call, pass } = await scene()
    full.add('bob')
    await call('ada', 'set', { key: 'k', value: 'v' })
    await expect(call('bob', 'set', { key: 'b', value: 'v' })).rejects.toMatchObject({ code: 'STORE_FULL' })
    await pass(30_000)
    world.get('bob').kill()
    full.delete('bob')
    await world.start('bob')
    await converge(world, shared.contextId, NAMES)
    expect(await call('bob', 'get', { key: 'k' })).toBe('v')
    expect(await call('ada', 'get', { key: 'b' })).toBeNull()
  })
})
