// Where a scenario starts: members who share one context, at rest. Made once a process for each application and number of
// members, always from the same seed, and copied for every run.
import { appWasm } from '../../scripts/build-apps.ts'
import type { Bytes } from '../src/base/bytes.ts'
import type { KeyId, OpId } from '../src/base/ids.ts'
import { converge, type SavedWorld, type SharedContext, shareContext, TestWorld } from '../src/testing/test-nodes.ts'
import { type AppName, HOSTILE } from './scenario.ts'

export interface Setting {
  readonly shared: SharedContext
  readonly saved: SavedWorld
  readonly wasm: Uint8Array
  /** What every member knows, so that the hostile one does. */
  readonly groupKey: { readonly keyId: KeyId; readonly key: Bytes }
  readonly governance: readonly OpId[]
}

const settings = new Map<string, Promise<Setting>>()

/** `hostileMember`: one more member, who is not to be started as a node. */
export function settingOf(app: AppName, nodes: readonly string[], hostileMember: boolean): Promise<Setting> {
  const names = hostileMember ? [...nodes, HOSTILE] : [...nodes]
  const key = `${app} ${names.join()}`
  const known = settings.get(key)
  if (known) return known
  const making = make(app, names)
  settings.set(key, making)
  return making
}

async function make(app: AppName, names: readonly string[]): Promise<Setting> {
  const world = await TestWorld.open({ seed: `setting ${app} ${names.join()}` })
  const wasm = await appWasm(app)
  const shared = await shareContext(world, wasm, names)
  await converge(world, shared.contextId, names)
  const [first = ''] = names
  const namespace = world.get(first).node.namespaces.get(shared.namespaceId)
  const groupKey = namespace.sealingKey(shared.groupId)
  if (!groupKey) throw new Error(`${first} has no key of the group it made`)
  const setting = { shared, saved: await world.save(), wasm, groupKey, governance: namespace.heads() }
  await world.close()
  return setting
}
