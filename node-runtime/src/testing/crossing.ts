// Contexts of the application `cross-calls` on the nodes of a world, and what becomes of the calls between them.
import { appWasm } from '../../../scripts/build-apps.ts'
import { utf8 } from '../base/bytes.ts'
import { type ContextId, type GroupId, idBytes } from '../base/ids.ts'
import type { XCallEvent } from '../context/ports.ts'
import { withSection } from './custom-section.ts'
import { type SharedContext, type StartOptions, shareContext, type TestWorld } from './test-nodes.ts'

export class Crossing {
  readonly world: TestWorld
  readonly names: readonly string[]
  readonly wasm: Uint8Array
  /** The first context. */
  readonly shared: SharedContext

  private constructor(world: TestWorld, names: readonly string[], wasm: Uint8Array, shared: SharedContext) {
    this.world = world
    this.names = names
    this.wasm = wasm
    this.shared = shared
  }

  /** The application has this ABI, if one is given. */
  static async open(
    world: TestWorld,
    names: readonly string[],
    { abi, ...start }: { readonly abi?: object } & StartOptions = {},
  ): Promise<Crossing> {
    for (const name of names) await world.start(name, { boot: names, ...start })
    const wasm = withAbi(await appWasm('cross-calls'), abi)
    return new Crossing(world, names, wasm, await shareContext(world, wasm, names))
  }

  get here(): ContextId {
    return this.shared.contextId
  }

  /** Another context of the group, or of the one that is named; the others have it, too. */
  async another(groupId: GroupId = this.shared.groupId, wasm = this.wasm): Promise<ContextId> {
    const { world, shared } = this
    const [first = '', ...others] = this.names
    const { node } = world.get(first)
    const { id: blobId } = await world.run(node.ports.blobs.put([wasm]))
    const installed = node.applications.installBlob(blobId, { source: 'test', metadata: new Uint8Array(0) })
    const { id: applicationId } = await world.run(installed)
    const { record } = await world.run(node.contexts.create({ applicationId, groupId, initParams: utf8('{}') }))
    for (const name of others) {
      const { node: other } = world.get(name)
      await world.until(`${name} to hear of it`, () => other.namespaces.groupOfContext(record.id) !== undefined)
      await world.run(other.joiner.ready(other.namespaces.get(shared.namespaceId), record.id))
    }
    return record.id
  }

  call(name: string, id: ContextId, method: string, args: object = {}): Promise<unknown> {
    return this.world.run(this.world.get(name).call(id, method, args))
  }

  /** `name` has `here` ask for a call of `target`. */
  ask(name: string, target: ContextId, method: string, args: object = {}): Promise<unknown> {
    return this.call(name, this.here, 'ask', { ...targetOf(target), method, params: JSON.stringify(args) })
  }

  /** From now on. */
  watch(name: string): XCallEvent[] {
    const seen: XCallEvent[] = []
    this.world.get(name).node.events.watch((event) => {
      if ('xcall' in event) seen.push(event)
    })
    return seen
  }

  ended(seen: readonly XCallEvent[], count: number): Promise<void> {
    return this.world.until(
      `${count} calls to end`,
      () => seen.length >= count,
      () => JSON.stringify(seen),
    )
  }

  /** Until no node has any to make. */
  atRest(ids: readonly ContextId[]): Promise<void> {
    const nodes = this.names.map((name) => this.world.get(name).node)
    const waits = () => nodes.flatMap(({ contexts }) => ids.map((id) => contexts.opened(id)?.waiting().xcalls ?? 1))
    return this.world.until(
      'all calls to be made',
      () => waits().every((count) => count === 0),
      () => waits().join(),
    )
  }

  heard(name: string, id: ContextId): Promise<unknown> {
    return this.call(name, id, 'all_heard')
  }
}

/** As arguments. */
export function targetOf(id: ContextId): { readonly target: number[] } {
  return { target: [...idBytes(id)] }
}

export function outcomesOf(events: readonly XCallEvent[]): unknown[][] {
  return events.map(({ xcall: { method, outcome } }) => {
    const detail = 'detail' in outcome ? Object.values(outcome.detail) : []
    return [method, outcome.status, ...detail]
  })
}

function withAbi(wasm: Uint8Array, abi: object | undefined): Uint8Array {
  return abi === undefined ? wasm : withSection(wasm, 'calimero_abi_v1', JSON.stringify(abi))
}
