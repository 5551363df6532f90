// A migration that rewrites a large state: others have their turn while what it has made is written, hashed and taken back.
import { expect, it } from 'vitest'
import { u32be, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { type ApplicationId, idFromBytes } from '../../base/ids.ts'
import { silentLogger } from '../../base/log.ts'
import { ContextState } from '../../storage/context-state.ts'
import { contextA } from '../../storage/state-fixture.ts'
import { memoryStore } from '../../store/memory.ts'
import { Turns } from '../turns.ts'
import { Migration } from './migration.ts'

const COUNT = 20_000
const applicationId = idFromBytes<ApplicationId>(sha256(utf8('application')))

/** Two steps; the second one fails where it is to. */
async function migrating(isFailing: boolean) {
  let turns = 0
  const setTimer = (fn: () => void) => {
    turns += 1
    setImmediate(fn)
    return () => {}
  }
  const changes = Array.from({ length: COUNT }, (_, n) => ({ key: u32be(n), value: u32be(n) }))
  const state = ContextState.open(memoryStore(), contextA)
  const run = async (_: unknown, __: unknown, [{ method }]: readonly [{ method: string }]) => {
    const isBad = isFailing && method === 'second'
    return [{ status: isBad ? 'trap' : 'ok', changes: isBad ? [] : changes, events: [], logs: [] }]
  }
  const hops = ['first', 'second'].map((method, index) => ({ from: index + 1, to: index + 2, method, applicationId }))
  const parts = {
    record: { id: contextA, storage: 'host' },
    executor: { run },
    code: { module: async () => ({}) },
    versions: { way: () => ({ hops }) },
    turns: new Turns({ setTimer, elapsedMs: () => 0 }),
    state,
    log: silentLogger,
  } as unknown as ConstructorParameters<typeof Migration>[0]
  const transaction = state.begin()
  const before = transaction.root()
  const migrated = await new Migration(parts).run(transaction, { running: { applicationId }, version: 3, hlc: 1n })
  return { migrated, turns, transaction, before }
}

it('others have their turn while it is written and hashed', async () => {
  const { migrated, turns, transaction, before } = await migrating(false)
  expect('undo' in migrated && migrated.undo.previous.length).toBe(COUNT + 1)
  expect(turns).toBeGreaterThan(4)
  if ('undo' in migrated) transaction.revert(migrated.undo)
  expect(transaction.root()).toBe(before)
})

it('others have their turn while a step is taken back', async () => {
  const { migrated, turns, transaction, before } = await migrating(true)
  expect(migrated).toEqual({ failure: 'second failed: trap' })
  expect(turns).toBeGreaterThan(3)
  expect(transaction.root()).toBe(before)
})
