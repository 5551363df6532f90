// Valid bytes of every kind from a small network of real nodes: what they sent to each other, and what lies on their disks.
import { appWasm } from '../../scripts/build-apps.ts'
import type { Bytes } from '../src/base/bytes.ts'
import type { FrameStream, Network } from '../src/network/network.ts'
import { KEY_PREFIXES, type KeyKind } from '../src/store/keys.ts'
import type { StoreOp } from '../src/store/store.ts'
import { converge, joinContext, shareContext, TestWorld } from '../src/testing/test-nodes.ts'
import { decodeRow } from '../src/wire/records.ts'
import type { Harvest } from './targets.ts'

/** Of each target: enough to differ, few enough that mutations of each are many. */
const SEEDS_MAX = 12
const SEED_BYTES_MAX = 6000
const SEED = 1

const TARGET_OF_ROW: Partial<Record<KeyKind, string>> = {
  delta: 'row-delta',
  parked: 'row-parked-delta',
  undo: 'row-undo-record',
  checkpoint: 'row-checkpoint',
  context: 'row-context',
  handler: 'row-handler-row',
  application: 'row-application',
  groupKey: 'row-group-key',
  merkle: 'trie-node',
  held: 'set-node',
  governance: 'op',
  acknowledgement: 'heads-beat',
}

/** What each side of a stream sends. */
const TARGETS_OF_PROTOCOL: Readonly<Record<string, { readonly asks: string; readonly answers: string }>> = {
  'hello/6': { asks: 'hello', answers: 'hello' },
  'sync/6': { asks: 'sync-request', answers: 'sync-frame' },
  'blob/1': { asks: 'blob-request', answers: 'blob-frame' },
}

class Collector {
  readonly #found = new Map<string, Map<string, Bytes>>()

  add(target: string, bytes: Bytes): void {
    const known = this.#found.get(target) ?? new Map<string, Bytes>()
    this.#found.set(target, known)
    // Another length is most often another shape.
    const shape = `${bytes.byteLength >> 3} ${bytes[0]}`
    if (bytes.byteLength === 0 || bytes.byteLength > SEED_BYTES_MAX || known.size >= SEEDS_MAX || known.has(shape))
      return
    known.set(shape, new Uint8Array(bytes))
  }

  get harvest(): Harvest {
    return Object.fromEntries([...this.#found].map(([target, found]) => [target, [...found.values()]]))
  }
}

/** The same bytes every time. */
export async function harvestNetwork(): Promise<Harvest> {
  const collector = new Collector()
  const world = await TestWorld.open({
    seed: SEED,
    retention: { checkpointMin: 8 },
    observer: {
      onBatch(_, ops) {
        for (const op of ops) addRow(collector, op)
      },
    },
  })
  const make = world.createNetwork.bind(world)
  world.createNetwork = (options) => recorded(make(options), collector)
  const names = ['ada', 'bob']
  const shared = await shareContext(world, await appWasm('kv-store-with-handlers'), names)
  const set = (name: string, index: number) =>
    world.run(world.get(name).call(shared.contextId, 'set', { key: `k${index % 7}`, value: `${name} ${index}` }))
  for (let index = 0; index < 10; index += 1) await set(names[index % 2] ?? 'ada', index)
  await converge(world, shared.contextId, names)
  // Both write alone: they find out what the other lacks.
  world.network.partition([world.get('bob').peerId])
  for (let index = 0; index < 8; index += 1) await set(names[index % 2] ?? 'ada', index)
  world.network.heal()
  await converge(world, shared.contextId, names)
  await world.pass(30_000)
  await world.start('cyd', { boot: [...names, 'cyd'] })
  await joinContext(world, shared, 'ada', 'cyd')
  await converge(world, shared.contextId, [...names, 'cyd'])
  await world.close()
  return collector.harvest
}

const KINDS = new Map<string, KeyKind>(Object.entries(KEY_PREFIXES).map(([kind, prefix]) => [prefix, kind as KeyKind]))

function addRow(collector: Collector, op: StoreOp): void {
  if (op.type === 'del') return
  const kind = KINDS.get(Buffer.from(op.key.subarray(0, 2)).toString())
  const target = kind && TARGET_OF_ROW[kind]
  if (target !== undefined) collector.add(target, op.value)
  if (kind === 'delta')
    collector.add('delta', decodeRow<{ v: 1; delta: Bytes; status: 'applied' }>('delta', op.value).delta)
}

/** The network, with everything that is sent through it noted. */
function recorded(network: Network, collector: Collector): Network {
  const noted = (stream: FrameStream, target: string | undefined): FrameStream =>
    delegated(stream, {
      send: (bytes: Bytes) => {
        if (target !== undefined) collector.add(target, bytes)
        return stream.send(bytes)
      },
    })
  const wrapped: Partial<Network> = {
    publish: (topic, data) => {
      collector.add('gossip', data)
      return network.publish(topic, data)
    },
    open: async (peer, protocol, options) =>
      noted(await network.open(peer, protocol, options), TARGETS_OF_PROTOCOL[protocol]?.asks),
    handle: (protocol, handler) =>
      network.handle(protocol, (peer, stream) => handler(peer, noted(stream, TARGETS_OF_PROTOCOL[protocol]?.answers))),
  }
  return delegated(network, wrapped)
}

/** `target` with some of its methods in the place of its own. */
function delegated<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const own: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name, target)
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
}
