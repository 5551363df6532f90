// What makes a migration fail is taken away once by the scenario. A member that has not heard of the latest obstacle by then, made
// where a clock is ahead, takes away the ones beneath it: all have the same, and nobody can migrate until somebody does it again.
import { fromUtf8, utf8 } from '../../src/base/bytes.ts'
import { OBSTACLE_KEY, OBSTACLES, takingAway } from '../scenario/failing.ts'
import type { Calling, CallingParts } from './calling.ts'

export interface ObstaclesParts extends Pick<CallingParts, 'scenario' | 'setting' | 'world' | 'at' | 'note'> {
  readonly calling: Calling
}

/** `name`: a member that has not migrated, while all hold the same. Does nothing where it could migrate. */
export async function takeAwayAgain(
  { scenario, setting, calling, world, at, note }: ObstaclesParts,
  { name, atMs }: { name: string; atMs: number },
): Promise<void> {
  if (!scenario.marks?.includes('failing migration')) return
  const context = await world().run(world().get(name).context(setting.shared.contextId))
  const input = utf8(JSON.stringify({ key: OBSTACLE_KEY }))
  const { value } = await world().run(context.call({ method: 'get', input }))
  const obstacle: unknown = value === undefined ? null : JSON.parse(fromUtf8(value))
  if (!OBSTACLES.some((each) => each === obstacle)) return
  note(`${name} takes the obstacle away that lies above what took it away`)
  for (const operation of takingAway(scenario, { node: name, atMs })) at(operation.atMs, () => calling.make(operation))
}
