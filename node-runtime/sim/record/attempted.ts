// How many writes the members were called for: those that were refused or not answered, too.
import { writesIn } from '../scenario/operations.ts'
import { HOSTILE } from '../scenario/scenario.ts'
import type { History } from './history.ts'

export function writesAttempted({ attempts }: Pick<History, 'attempts'>): number {
  return attempts.flatMap(({ operation }) => (operation.node === HOSTILE ? [] : writesIn(operation))).length
}
