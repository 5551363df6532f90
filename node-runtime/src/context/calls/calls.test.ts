import { describe, expect, it } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import { converge, rotateKey } from '../../testing/test-nodes.ts'
import { countRows, testWorlds } from '../../testing/test-worlds.ts'

const { share } = testWorlds()

describe('a call', () => {
  it.each([
    ['panics', 'get_unchecked', { key: 'none' }, 'panic'],
    ['returns Err', 'get_result', { key: 'none' }, 'guest_error'],
    ['is of a method that is not there', 'no_such_method', {}, 'method_not_found'],
  ])('that %s leaves no trace', async (_what, method, args, kind) => {
    const { world, shared } = await share('kv-store', ['ada', 'bob'])
    const ada = world.get('ada')
    await world.run(ada.call(shared.contextId, 'set', { key: 'k', value: 'v' }))
    const before = await converge(world, shared.contextId, ['ada', 'bob'])
    const batches = ada.batches
    await expect(world.run(ada.call(shared.contextId, method, args))).rejects.toMatchObject({
      code: 'GUEST_FAILED',
      data: { method, kind },
    })
    expect(ada.batches).toBe(batches)
    expect(await ada.summary(shared.contextId)).toEqual(before)
  })

  it('that writes is one batch, which takes the outbox marker of the one before with it', async () => {
    const { world, shared } = await share('kv-store', ['ada', 'bob'])
    const ada = world.get('ada')
    await world.run(ada.call(shared.contextId, 'set', { key: 'k', value: 'v' }))
    await converge(world, shared.contextId, ['ada', 'bob'])
    await world.pass(2_000)
    expect(await countRows(ada.disk, 'outbox')).toBe(0)
    const { batches } = ada
    for (let index = 0; index < 5; index += 1) {
      await world.run(ada.call(shared.contextId, 'set', { key: `k${index}`, value: 'v' }))
    }
    expect(ada.batches - batches).toBe(5)
    await world.pass(2_000)
    expect(await countRows(ada.disk, 'outbox')).toBe(0)
  })

  it('of a view writes nothing and sends nothing', async () => {
    const { world, shared } = await share('kv-store', ['ada', 'bob'])
    const ada = world.get('ada')
    await world.run(ada.call(shared.contextId, 'set', { key: 'k', value: 'v' }))
    const before = await converge(world, shared.contextId, ['ada', 'bob'])
    const { batches } = ada
    const events = ada.events.length
    expect(await world.run(ada.call(shared.contextId, 'get', { key: 'k' }))).toBe('v')
    expect(await world.run(ada.call(shared.contextId, 'entries'))).toEqual({ k: 'v' })
    expect(ada.batches).toBe(batches)
    expect(ada.events).toHaveLength(events)
    expect(await ada.summary(shared.contextId)).toEqual(before)
  })

  it('tells watchers once, after the commit, with the new root', async () => {
    const { world, shared } = await share('kv-store', ['ada', 'bob'])
    await world.run(world.get('ada').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
    const { root, heads } = await converge(world, shared.contextId, ['ada', 'bob'])
    for (const name of ['ada', 'bob']) {
      expect(world.get(name).events.map(({ deltaId, root: seen, events }) => [deltaId, seen, events.length])).toEqual([
        [heads[0], root, 1],
      ])
    }
  })

  it('takes 64-bit integers and any Unicode as they are', async () => {
    const { world, shared } = await share('kv-store', ['ada', 'bob'])
    const value = '18446744073709551615 \u0000 “ß” 👩‍👩‍👧 \ud83d\ude00'
    await world.run(world.get('ada').call(shared.contextId, 'set', { key: value, value }))
    await converge(world, shared.contextId, ['ada', 'bob'])
    expect(await world.run(world.get('bob').call(shared.contextId, 'get', { key: value }))).toBe(value)
  })

  it('that writes is refused to a reader, who may still look', async () => {
    const { world, shared } = await share('kv-store', ['ada'])
    await world.run(world.get('ada').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
    const rob = await world.start('rob')
    const invitation = world.get('ada').node.namespaces.invite(shared.groupId, { lifetimeSec: 60, role: 'ReadOnly' })
    await world.run(rob.node.namespaces.join(invitation))
    await world.run(rob.node.joiner.ready(rob.node.namespaces.get(shared.namespaceId), shared.contextId))
    await converge(world, shared.contextId, ['ada', 'rob'])
    expect(await world.run(rob.call(shared.contextId, 'get', { key: 'k' }))).toBe('v')
    const before = await rob.summary(shared.contextId)
    await expect(world.run(rob.call(shared.contextId, 'set', { key: 'k', value: 'mine' }))).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
    })
    expect(await rob.summary(shared.contextId)).toEqual(before)
  })

  it('is refused with CONTEXT_BUSY once the node stops', async () => {
    const { world, shared } = await share('kv-store', ['ada'])
    const ada = world.get('ada')
    const context = await ada.context(shared.contextId)
    await world.run(ada.stop())
    await expect(context.call({ method: 'len', input: utf8('{}') })).rejects.toMatchObject({ code: 'CONTEXT_BUSY' })
    await expect(ada.context(shared.contextId)).resolves.toBe(context)
  })

  it('that was running when the node was told to stop is finished and kept', async () => {
    const { world, shared } = await share('kv-store', ['ada'])
    const ada = world.get('ada')
    const calls = [1, 2, 3].map((i) => ada.call(shared.contextId, 'set', { key: `k${i}`, value: 'v' }))
    const settled = Promise.allSettled(calls)
    await world.run(ada.stop())
    const results = await settled
    const again = await world.start('ada')
    const kept = (await world.run(again.call(shared.contextId, 'entries'))) as Record<string, string>
    for (const [i, { status }] of results.entries()) expect(`k${i + 1}` in kept).toBe(status === 'fulfilled')
    expect(await countRows(again.disk, 'delta')).toBe(Object.keys(kept).length)
  })
})

describe('a group key that has not come', () => {
  it('is asked for when a delta needs it, and the delta waits for it, across a restart', async () => {
    const { world, shared } = await share('kv-store', ['ada', 'bob'])
    await rotateKey(world, shared, 'ada')
    world.network.partition([world.get('ada').peerId])
    await world.run(world.get('ada').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
    const ada = await world.get('ada').context(shared.contextId)
    const sealed = ada.heads().flatMap((head) => ada.delta(head) ?? [])
    let bob = world.get('bob')
    await world.run((await bob.context(shared.contextId)).receive(sealed, world.get('ada').peerId))
    expect((await bob.context(shared.contextId)).waiting()).toMatchObject({ parked: 1, refused: 0 })
    bob.kill()
    bob = await world.start('bob')
    expect((await bob.context(shared.contextId)).waiting()).toMatchObject({ parked: 1, refused: 0 })
    world.network.heal()
    await converge(world, shared.contextId, ['ada', 'bob'])
    expect(await world.run(bob.call(shared.contextId, 'get', { key: 'k' }))).toBe('v')
    expect(await countRows(bob.disk, 'parked')).toBe(0)
  })
})
