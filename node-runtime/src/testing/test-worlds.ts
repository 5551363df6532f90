// Worlds of one test file, closed after each test.
import { afterEach } from 'vitest'
import { appWasm } from '../../../scripts/build-apps.ts'
import { type KeyKind, keyOf } from '../store/keys.ts'
import { rangeOf, type Store } from '../store/store.ts'
import { type SharedContext, shareContext, TestWorld, type WorldOptions } from './test-nodes.ts'

export const NAMES = ['ada', 'bob', 'cyd'] as const

export interface Scene {
  readonly world: TestWorld
  readonly shared: SharedContext
}

/** Call once at the top of a test file. */
export function testWorlds(): {
  open: (options?: WorldOptions) => Promise<TestWorld>
  share: (app: string, names?: readonly string[], options?: WorldOptions) => Promise<Scene>
} {
  const worlds: TestWorld[] = []
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.close()
  })
  const open = async (options: WorldOptions = {}) => {
    const world = await TestWorld.open(options)
    worlds.push(world)
    return world
  }
  return {
    open,
    async share(app, names = NAMES, options = {}) {
      const world = await open(options)
      return { world, shared: await shareContext(world, await appWasm(app), names) }
    },
  }
}

/** How many rows of a kind the disk holds. */
export async function countRows(disk: Store, kind: KeyKind): Promise<number> {
  let count = 0
  for await (const _ of disk.entries(rangeOf(keyOf(kind)))) count += 1
  return count
}
