import { expect, it } from 'vitest'
import type { ContextId, DeltaId, PublicKey, RootHash } from '../../src/base/ids.ts'
import { type Contained, checkpointOver } from '../../src/context/retention/checkpoint.ts'
import type { Checkpoint } from '../../src/wire/checkpoint.ts'
import { contentsOf } from './contents.ts'

const facts = { contextId: 'c' as ContextId, root: 'r' as RootHash, governance: [] }
const RECENT_MAX = 4

/** Two deltas each over the one before, of which the second is void. With every second one what was removed goes. */
function chainOf(length: number, word: string): Checkpoint[] {
  const all: Checkpoint[] = []
  for (let at = 0; at < length; at += 1) {
    const entries = (['counting', 'voids'] as const).map((role, index): Contained => {
      const id = `${(2 * at + index).toString(16).padStart(4, '0')}${word.repeat(60)}` as DeltaId
      return { id, parents: [], author: 'a' as PublicKey, role, isReplaced: false }
    })
    const next = checkpointOver(all.at(-1), entries, { ...facts, isSwept: at % 2 === 1 }, RECENT_MAX)
    if (next) all.push(next)
  }
  return all
}

it('what a checkpoint names no more is known from those beneath it, whatever else there was', () => {
  const [real, other] = [chainOf(6, '1'), chainOf(6, '2')]
  const contents = contentsOf(real.at(-1), [...other, ...real])
  expect(contents.sweeps).toEqual([1, 3, 5].map((at) => real[at]?.last))
  expect(contents.roles.size).toBe(12)
  expect([...contents.roles].filter(([, role]) => role === 'voids')).toHaveLength(6)
  expect([...contents.roles.keys()].every((id) => id.endsWith('1'))).toBe(true)
})

it('one of which nobody had what is beneath is refused', () => {
  const all = chainOf(6, '1')
  expect(() => contentsOf(all.at(-1), all.slice(3))).toThrow(
    expect.objectContaining({ checker: 'pruning', message: expect.stringContaining('nobody ever had') }),
  )
  expect(contentsOf(undefined, []).roles.size).toBe(0)
})
