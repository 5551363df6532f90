// A context of an open group: members of the group above it inherit what they may do there.
import { appWasm } from '../../../scripts/build-apps.ts'
import type { ContextId, GroupId, NamespaceId } from '../base/ids.ts'
import { shareContext, type TestWorld } from './test-nodes.ts'

export interface SharedOpenGroup {
  readonly namespaceId: NamespaceId
  /** The group above it. */
  readonly root: GroupId
  readonly groupId: GroupId
  readonly id: ContextId
}

/** The first of `names` makes it, of a context of kv-store; the others inherit it. */
export async function shareOpenGroup(world: TestWorld, names: readonly string[]): Promise<SharedOpenGroup> {
  const { namespaceId, contextId, groupId: root } = await shareContext(world, await appWasm('kv-store'), names)
  const { node } = world.get(names[0] ?? '')
  const groupId = await world.run(node.namespaces.createGroup(root, { visibility: 'open' }))
  const { applicationId } = (await world.get(names[0] ?? '').context(contextId)).record
  const { record } = await world.run(node.contexts.create({ applicationId, groupId, initParams: new Uint8Array(0) }))
  for (const name of names.slice(1)) {
    const other = world.get(name).node
    await world.until(`${name} knows it`, () => other.namespaces.get(namespaceId).state.contexts.has(record.id))
    await world.run(other.joiner.ready(other.namespaces.get(namespaceId), record.id))
  }
  return { namespaceId, root, groupId, id: record.id }
}
