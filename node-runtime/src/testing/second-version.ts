// The order-sensitive application once more, as another version, and a group that is upgraded to it. It takes artifacts of its
// own version only, and shows the same: what a delta does depends on which of the two applies it.
import { appWasm } from '../../../scripts/build-apps.ts'
import type { ApplicationId } from '../base/ids.ts'
import { upgradeGroup } from '../context/namespaces/code/upgrades.ts'
import type { Scene } from './test-worlds.ts'

/** The first byte of its artifacts, as its code names it, in the first version and the second. */
const FORMATS = [
  [0x41, 0xc5, 0x01],
  [0x41, 0xc6, 0x01],
] as const

export function secondVersionOf(wasm: Uint8Array): Uint8Array {
  const bytes = Buffer.from(wasm)
  const [from, to] = FORMATS.map((each) => Buffer.from(each)) as [Buffer, Buffer]
  const places = [bytes.indexOf(from), bytes.lastIndexOf(from)]
  if (places[0] === places[1]) throw new Error('its code does not write and read its format any more, or not like this')
  for (const place of places) to.copy(bytes, place)
  return new Uint8Array(bytes)
}

export async function installSecond({ world }: Pick<Scene, 'world'>, name: string): Promise<ApplicationId> {
  const { node } = world.get(name)
  const code = secondVersionOf(await appWasm('order-sensitive'))
  const { id: blobId } = await world.run(node.ports.blobs.put([code]))
  const details = { source: 'test', metadata: new Uint8Array(0) }
  return (await world.run(node.applications.installBlob(blobId, details))).id
}

/** `name` installs it and upgrades the group of the context. */
export async function upgrade(scene: Scene, name: string): Promise<ApplicationId> {
  const { world, shared } = scene
  const applicationId = await installSecond(scene, name)
  const request = { groupId: shared.groupId, applicationId, cascade: false, forceCodeOnly: true }
  await world.run(upgradeGroup(world.get(name).node, request))
  return applicationId
}

export function runs({ world, shared }: Scene, name: string, applicationId: ApplicationId): boolean {
  return world.get(name).node.contexts.record(shared.contextId)?.applicationId === applicationId
}
