// The migration that Calimero published with its key-value store, on nodes of ours. The binaries are not ours to ship:
// CALBOX_MEROBOX_DIR names a merobox checkout that has them.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { converge, shareContext } from '../../testing/test-nodes.ts'
import { NAMES, testWorlds } from '../../testing/test-worlds.ts'
import { upgradeGroup } from '../namespaces/code/upgrades.ts'

const MEROBOX = process.env.CALBOX_MEROBOX_DIR
const FILES = ['kv_store.wasm', 'kv_store_v2.wasm'].map((name) => `workflow-examples/res/${name}`)
const missing = FILES.filter((path) => MEROBOX === undefined || !existsSync(join(MEROBOX, path)))
if (missing.length > 0) {
  const why = MEROBOX === undefined ? 'CALBOX_MEROBOX_DIR is not set' : `${MEROBOX} lacks ${missing.join(', ')}`
  process.stderr.write(`\n*** SKIPPED: the migration of Calimero's app binaries did not run: ${why} ***\n\n`)
}

const { open } = testWorlds()

it.skipIf(missing.length > 0)(
  'keeps what was stored by an earlier release of its storage layer, and what comes late',
  async () => {
    const [first, second] = FILES.map((path) => new Uint8Array(readFileSync(join(MEROBOX ?? '', path))))
    if (!first || !second) throw new Error('no binaries')
    const world = await open()
    const shared = await shareContext(world, first, NAMES)
    const call = (name: string, method: string, args: object = {}) =>
      world.run(world.get(name).call(shared.contextId, method, args))
    for (const name of NAMES) await call(name, 'set', { key: name, value: 'first' })
    await converge(world, shared.contextId, NAMES)
    world.network.partition([world.get('cyd').peerId], [world.get('ada').peerId, world.get('bob').peerId])
    const { node } = world.get('ada')
    const { id: blobId } = await world.run(node.ports.blobs.put([second]))
    const details = { source: 'test', metadata: new Uint8Array(0) }
    const { id: applicationId } = await world.run(node.applications.installBlob(blobId, details))
    const request = { groupId: shared.groupId, applicationId, cascade: false, forceCodeOnly: false }
    await world.run(upgradeGroup(node, request))
    expect(await call('ada', 'schema_info')).toEqual({ schema_version: '2.0.0', migration_version: '2.0.0' })
    await call('ada', 'set', { key: 'ada', value: 'second' })
    await call('cyd', 'set', { key: 'late', value: 'first' })
    await call('cyd', 'remove', { key: 'bob' })
    world.network.heal()
    await converge(world, shared.contextId, NAMES)
    await call('cyd', 'set', { key: 'cyd', value: 'second' })
    await call('bob', 'remove', { key: 'late' })
    await call('bob', 'set', { key: 'last', value: 'second' })
    await converge(world, shared.contextId, NAMES)
    for (const name of NAMES) {
      expect(await call(name, 'entries')).toEqual({ ada: 'second', cyd: 'second', last: 'second' })
      expect(await call(name, 'get', { key: 'cyd' })).toBe('second')
    }
  },
)
