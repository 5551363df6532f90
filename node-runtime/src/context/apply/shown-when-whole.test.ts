// Clients are told of deltas that come to count by what others say of a removal, with the root that the node itself shows. Until all of
// them count its disk says that they are not judged yet: whatever ends the node meanwhile, it speaks for no half of them.
import { expect, test } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import type { DeltaId } from '../../base/ids.ts'
import { shareContext } from '../../testing/test-nodes.ts'
import { testWorlds } from '../../testing/test-worlds.ts'
import { ContextStore } from '../context-store.ts'
import { govern } from '../namespaces/administration.ts'
import type { StateEvent } from '../ports.ts'

const { open } = testWorlds()
const NAMES = ['ada', 'bob', 'cyd', 'dan']
const LATE = 14

test.each(['order-sensitive', 'kv-store'])(
  '%s: what counts again in many slices is shown once all of it does',
  async (app) => {
    const shown: { event: StateEvent; root: string | undefined }[] = []
    const onEvent = (name: string, event: StateEvent) => {
      if (name !== 'cyd') return
      shown.push({ event, root: world.get('cyd').node.contexts.opened(event.contextId)?.root })
    }
    const late: DeltaId[] = []
    /** After each write of cyd: how many of bob's count, and whether all that is there is judged. */
    const writes: { counting: number; isJudged: boolean }[] = []
    const onBatch = (name: string) => {
      if (name !== 'cyd' || late.length < LATE) return
      const rows = new ContextStore(world.get('cyd').disk, record.id)
      const counting = late.filter((id) => rows.stored(id)?.status === 'applied').length
      writes.push({ counting, isJudged: rows.judgement().digest !== undefined })
    }
    // Small: a history of some tens is long.
    const world = await open({ seed: 'shown', retention: { revisionMax: 4 }, observer: { onEvent, onBatch } })
    const { namespaceId, contextId, groupId: root } = await shareContext(world, await appWasm(app), NAMES)
    const { node } = world.get('ada')
    const groupId = await world.run(node.namespaces.createGroup(root, { visibility: 'open' }))
    const { applicationId } = (await world.get('ada').context(contextId)).record
    const { record } = await world.run(node.contexts.create({ applicationId, groupId, initParams: new Uint8Array(0) }))
    for (const name of NAMES.slice(1)) {
      const other = world.get(name).node
      await world.until(`${name} knows it`, () => other.namespaces.get(namespaceId).state.contexts.has(record.id))
      await world.run(other.joiner.ready(other.namespaces.get(namespaceId), record.id))
    }
    const peers = (...names: string[]) => names.map((name) => world.get(name).peerId)
    world.network.partition(peers('ada', 'cyd'), peers('bob', 'dan'))
    const bob = await world.get('bob').context(record.id)
    for (let i = 0; i < LATE; i += 1) {
      await world.run(world.get('bob').call(record.id, 'set', { key: `k${i}`, value: 'bob' }))
      late.push(...bob.heads())
    }
    const dan = await world.get('dan').context(record.id)
    await world.until('dan to have all', () => dan.heads().join() === bob.heads().join())
    const { account } = world.get('bob').node
    await world.run(govern(node, root, { kind: 'capabilities_set', groupId: root, account, capabilities: 0 }))
    await world.pass(60_000)
    await world.run(world.get('bob').stop())
    world.network.heal()
    await world.until(
      'cyd to be told of all',
      () => shown.filter(({ event }) => event.contextId === record.id).length >= LATE,
    )
    const told = shown.filter(({ event }) => event.contextId === record.id)
    expect(told.map(({ event }) => event.root)).toEqual(told.map(({ root: own }) => own))
    expect(new Set(told.map(({ event }) => event.root)).size).toBe(1)
    const halfWay = writes.filter(({ counting }) => counting > 0 && counting < LATE)
    expect(halfWay.length).toBeGreaterThan(2)
    expect(halfWay.filter(({ isJudged }) => isJudged)).toEqual([])
  },
)
