// A group whose application is upgraded to one with a later version of the state.
import { appWasm } from '../../../scripts/build-apps.ts'
import type { ApplicationId } from '../base/ids.ts'
import { upgradeGroup } from '../context/namespaces/code/upgrades.ts'
import type { Scene } from './test-worlds.ts'

export async function installOn({ world }: Pick<Scene, 'world'>, name: string, app: string): Promise<ApplicationId> {
  const { node } = world.get(name)
  const { id: blobId } = await world.run(node.ports.blobs.put([await appWasm(app)]))
  const details = { source: 'test', metadata: new Uint8Array(0) }
  return (await world.run(node.applications.installBlob(blobId, details))).id
}

/** `name` installs it and upgrades the group of the context. */
export async function migrate(scene: Scene, name: string, cascade = false): Promise<ApplicationId> {
  const { world, shared } = scene
  const applicationId = await installOn(scene, name, 'order-sensitive-2')
  const request = { groupId: shared.groupId, applicationId, cascade, forceCodeOnly: false }
  await world.run(upgradeGroup(world.get(name).node, request))
  return applicationId
}
