// Members of a context of the order-sensitive application and its later versions, and what each of them can still do.
import { expect } from 'vitest'
import type { ApplicationId } from '../base/ids.ts'
import { converge, joinContext, type SharedContext } from './test-nodes.ts'
import type { Scene, testWorlds } from './test-worlds.ts'

type Of = Pick<SharedContext, 'contextId'>
type Share = ReturnType<typeof testWorlds>['share']

/** Bob may upgrade, and make contexts. */
export async function shareWithAdmin(share: Share, names: readonly string[] = ['ada']): Promise<Scene> {
  const scene = await share('order-sensitive', names)
  await scene.world.start('bob')
  await joinContext(scene.world, scene.shared, 'ada', 'bob', 'Admin')
  return scene
}

export const peersOf = ({ world }: Scene, names: readonly string[]) => names.map((name) => world.get(name).peerId)

export const append = ({ world, shared }: Scene, name: string, { contextId }: Of = shared) =>
  world.run(world.get(name).call(contextId, 'append', { value: name }))

export const versionOf = async ({ world, shared }: Scene, name: string, { contextId }: Of = shared) =>
  (await world.get(name).context(contextId)).migration.mark.version

const logOf = async ({ world, shared }: Scene, name: string, { contextId }: Of = shared) =>
  (await world.run(world.get(name).call(contextId, 'log', {}))) as string[]

export const codeOn = ({ world }: Scene, names: readonly string[], applicationIds: readonly ApplicationId[]) =>
  world.until('all to have the code', () =>
    names.every((name) => applicationIds.every((id) => world.get(name).node.applications.get(id) !== undefined)),
  )

export interface Writing extends Partial<Of> {
  readonly names: readonly string[]
  /** Default: all of them. */
  readonly writers?: readonly string[]
  /** Of the state that they are to have. */
  readonly version: number
}

/** One after the other, each on what the one before has written: all have the same log, state and governance then. */
export async function allWrite(scene: Scene, { names, writers = names, version, contextId }: Writing): Promise<void> {
  const { world, shared } = scene
  const of = { contextId: contextId ?? shared.contextId }
  const before = await logOf(scene, names[0] ?? '', of)
  for (const name of writers) {
    await append(scene, name, of)
    await converge(world, of.contextId, names)
  }
  const heads = names.map((name) => world.get(name).node.namespaces.get(shared.namespaceId).heads().join())
  expect(new Set(heads).size).toBe(1)
  for (const name of names) {
    expect([name, ...(await logOf(scene, name, of))]).toEqual([name, ...before, ...writers])
    expect([name, await versionOf(scene, name, of)]).toEqual([name, version])
  }
}
