// What the benchmark applies deltas to: the node itself on a LevelDB, off every network, and a writer whose deltas reach
// it only by hand.
import { rm } from 'node:fs/promises'
import { utf8 } from '../../node-runtime/src/base/bytes.ts'
import { systemClock } from '../../node-runtime/src/base/clock.ts'
import type { GroupId } from '../../node-runtime/src/base/ids.ts'
import { silentLogger } from '../../node-runtime/src/base/log.ts'
import { systemRandom } from '../../node-runtime/src/base/random.ts'
import { BlobStore } from '../../node-runtime/src/blobs/blob-store.ts'
import { memoryDisk } from '../../node-runtime/src/blobs/memory-disk.ts'
import type { Context } from '../../node-runtime/src/context/context.ts'
import { SimulatedNetwork } from '../../node-runtime/src/network/simulated/simulated.ts'
import { Node } from '../../node-runtime/src/node.ts'
import { inlineExecutor } from '../../node-runtime/src/runtime/inline-executor.ts'
import { openLevelStore } from '../../node-runtime/src/store/level.ts'
import { memoryStore } from '../../node-runtime/src/store/memory.ts'
import { keysOf, peerIdOf } from '../../node-runtime/src/testing/test-node.ts'
import { type Delta, decodeDelta, encodeDelta } from '../../node-runtime/src/wire/delta.ts'
import { appWasm } from '../../scripts/build-apps.ts'

export interface History {
  readonly name: string
  /** In the order they were written, each on the one before. */
  readonly deltas: readonly Uint8Array[]
  readonly contextId: Parameters<Node['contexts']['get']>[0]
}

/** How many deltas, and what each sets. */
export interface Writing {
  readonly name: string
  readonly count: number
  readonly input: (index: number) => object
}

/** Writes histories on one node, and leaves another at `folder` that has joined before and knows nothing of them. */
export async function writeHistories(folder: string, writings: readonly Writing[]): Promise<History[]> {
  const network = new SimulatedNetwork({ clock: systemClock, random: systemRandom })
  const place = network.reserveAddress()
  const writer = await open('writer', { store: memoryStore(), network, address: place, boot: [] })
  const reader = await open('reader', {
    store: await openLevelStore(folder),
    network,
    address: network.reserveAddress(),
    boot: [place],
  })
  const { id: blobId } = await writer.ports.blobs.put([await appWasm('kv-store')])
  const app = await writer.applications.installBlob(blobId, { source: 'bench', metadata: new Uint8Array(0) })
  const namespace = await writer.namespaces.create(app.id)
  const groupId = namespace.id as GroupId
  const contexts: Context[] = []
  for (const _ of writings) {
    contexts.push(await writer.contexts.create({ applicationId: app.id, groupId, initParams: utf8('{}') }))
  }
  const joined = await reader.namespaces.join(writer.namespaces.invite(groupId, { lifetimeSec: 3600, role: 'Member' }))
  for (const { record } of contexts) await reader.joiner.ready(joined, record.id)
  await reader.close()
  const histories: History[] = []
  for (const [index, { name, count, input }] of writings.entries()) {
    const context = contexts[index]
    if (!context) throw new Error('a context for each history')
    const deltas: Uint8Array[] = []
    for (let at = 0; at < count; at += 1) {
      const { deltaId } = await context.call({ method: 'set', input: utf8(JSON.stringify(input(at))) })
      const delta = deltaId && context.delta(deltaId)
      if (!delta) throw new Error('a call that writes made no delta')
      deltas.push(encodeDelta(delta))
    }
    histories.push({ name, deltas, contextId: context.record.id })
  }
  await writer.close()
  return histories
}

/** The reader, with nobody around. */
export async function openReader(folder: string): Promise<Node> {
  const network = new SimulatedNetwork({ clock: systemClock, random: systemRandom })
  return open('reader', { store: await openLevelStore(folder), network, address: network.reserveAddress(), boot: [] })
}

export const remove = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })

export function decode(encoded: readonly Uint8Array[]): Delta[] {
  return encoded.map(decodeDelta)
}

interface Place {
  readonly store: Parameters<typeof inlineExecutor>[0]['store']
  readonly network: SimulatedNetwork
  readonly address: string
  readonly boot: readonly string[]
}

const DISKS = new Map<string, ReturnType<typeof memoryDisk>>()

async function open(name: string, { store, network, address, boot }: Place): Promise<Node> {
  const disk = DISKS.get(name) ?? memoryDisk()
  DISKS.set(name, disk)
  const { identity, kem } = keysOf(name)
  const node = await Node.open(
    {
      store,
      blobs: await BlobStore.open(disk, systemRandom, systemClock),
      network: network.createNode({ peerId: peerIdOf(name), address, bootAddresses: boot }),
      executor: inlineExecutor({ store, blobs: disk.guest }),
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
    },
    { identity, kem },
  )
  await node.start()
  return node
}
