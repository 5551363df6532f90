// Where a scenario starts: members who share one context, at rest. Made once a process for each application and number of
// members, always from the same seed, and copied for every run.
import { appWasm } from '../../../scripts/build-apps.ts'
import { type Bytes, utf8 } from '../../src/base/bytes.ts'
import type { ApplicationId, KeyId, OpId } from '../../src/base/ids.ts'
import { accountOf } from '../../src/base/keys.ts'
import { govern } from '../../src/context/namespaces/administration.ts'
import { withSection } from '../../src/testing/custom-section.ts'
import { secondVersionOf } from '../../src/testing/second-version.ts'
import { keysOf } from '../../src/testing/test-node.ts'
import { converge, type SavedWorld, type SharedContext, shareContext, TestWorld } from '../../src/testing/test-nodes.ts'
import { type AppName, HOSTILE } from '../scenario/scenario.ts'

export interface Setting {
  readonly shared: SharedContext
  readonly saved: SavedWorld
  readonly wasm: Uint8Array
  /** The same application once more, as another version: see `secondVersion`. */
  readonly second: Uint8Array
  /** With a later version of the state; the same for all applications, and of use to one. */
  readonly migrating: Uint8Array
  readonly applicationId: ApplicationId
  /** What every member knows, so that the hostile one does. */
  readonly groupKey: { readonly keyId: KeyId; readonly key: Bytes }
  readonly governance: readonly OpId[]
}

const settings = new Map<string, Promise<Setting>>()

export interface SettingOptions {
  /** One more member, who is not to be started as a node. */
  readonly isHostileMember: boolean
  /** The context is in an open group, which all but its maker have by being in the namespace. */
  readonly isInherited: boolean
  /** Besides the maker of the namespace. */
  readonly admins: readonly string[]
}

export function settingOf(app: AppName, nodes: readonly string[], options: SettingOptions): Promise<Setting> {
  const names = options.isHostileMember ? [...nodes, HOSTILE] : [...nodes]
  const key = `${app} ${options.isInherited ? 'inherited' : ''} ${names.join()} ${options.admins.join()}`
  const known = settings.get(key)
  if (known) return known
  const making = make(app, names, options)
  settings.set(key, making)
  return making
}

async function make(app: AppName, names: readonly string[], { isInherited, admins }: SettingOptions): Promise<Setting> {
  const world = await TestWorld.open({ seed: `setting ${app} ${names.join()}` })
  const wasm = await appWasm(app)
  const common = await shareContext(world, wasm, names)
  const shared = isInherited ? await inOpenGroup(world, common, names) : common
  for (const name of admins) await promoted(world, shared, name)
  await converge(world, shared.contextId, names)
  const [first = ''] = names
  const namespace = world.get(first).node.namespaces.get(shared.namespaceId)
  const groupKey = namespace.sealingKey(shared.groupId)
  if (!groupKey) throw new Error(`${first} has no key of the group it made`)
  const { applicationId } = (await world.get(first).context(shared.contextId)).record
  const second = secondVersion(app, wasm)
  const migrating = await appWasm('order-sensitive-2')
  const saved = await world.save()
  const setting = { shared, saved, wasm, second, migrating, applicationId, groupKey, governance: namespace.heads() }
  await world.close()
  return setting
}

/** By the first, and known to all. */
async function promoted(world: TestWorld, { namespaceId, groupId }: SharedContext, name: string): Promise<void> {
  const [{ node } = world.get(name), ...others] = [...world.nodes.values()]
  const account = accountOf(keysOf(name).identity.publicKey)
  await world.run(govern(node, groupId, { kind: 'role_set', groupId, account, role: 'Admin' }))
  for (const other of [world.get(name), ...others]) {
    const { namespaces } = other.node
    const isKnown = () => namespaces.get(namespaceId).state.roleIn(groupId, account) === 'Admin'
    await world.until(`${other.name} to know of another admin`, isKnown)
  }
}

/**
 * An application that keeps its own state takes artifacts of its own version only, and shows the same: what a delta does depends
 * on which of the two applies it. Any other is the same but for its hash.
 */
function secondVersion(app: AppName, wasm: Uint8Array): Uint8Array {
  if (app !== 'order-sensitive') return withSection(wasm, '2')
  return secondVersionOf(wasm)
}

/** Another context of the same application, in a group of the namespace. */
async function inOpenGroup(world: TestWorld, common: SharedContext, names: readonly string[]): Promise<SharedContext> {
  const [first = '', ...others] = names
  const { node } = world.get(first)
  const { applicationId } = (await world.get(first).context(common.contextId)).record
  const groupId = await world.run(node.namespaces.createGroup(common.groupId, { visibility: 'open' }))
  const request = { applicationId, groupId, initParams: utf8('{}') }
  const { record } = await world.run(node.contexts.create(request))
  for (const name of others) {
    const joiner = world.get(name).node
    const namespace = joiner.namespaces.get(common.namespaceId)
    await world.until(`${name} to hear of it`, () => namespace.state.contexts.has(record.id))
    await world.run(joiner.joiner.ready(namespace, record.id))
  }
  return { ...common, groupId, contextId: record.id }
}
