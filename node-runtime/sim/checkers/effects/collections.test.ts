// Every collection, in an honest run and with each of its views saying something else than it did.
import { beforeAll, describe, expect, it } from 'vitest'
import type { DeltaId } from '../../../src/base/ids.ts'
import { checkFacts } from '../../check.ts'
import { type Facts, factsOf } from '../../record/facts.ts'
import type { Attempt, History } from '../../record/history.ts'
import { accountHex, FIRST_FROZEN } from '../../record/views.ts'
import { simulate } from '../../run/simulation.ts'
import { generate } from '../../scenario/generate.ts'
import { HOSTILE, type Operation, type Scenario } from '../../scenario/scenario.ts'

const TIMEOUT_MS = 240_000
const NODES = ['n0', 'n1', 'n2', 'n3', 'n4']

const CALLS: readonly (readonly [string, Record<string, string>])[] = [
  ['visit', {}],
  ['push', { value: 'v1' }],
  ['visit', {}],
  ['type', { at: '0', text: 'v2' }],
  ['reset', {}],
  ['claim', { key: 'k1', value: 'v3' }],
  ['visit', {}],
  ['share', { name: '1', value: 'v4' }],
  ['visit', {}],
  ['earn', {}],
  ['push', { value: 'v5' }],
  ['replace', { at: '0', value: 'v6' }],
  ['drop', { at: '1' }],
  ['erase', { at: '0' }],
  ['claim', { key: 'k1', value: 'v7' }],
  ['sign', { value: 'v8' }],
  ['batch', { writes: 'sign v9\nretract 1\nkeep v10\nfreeze v11' }],
  ['share', { name: '1', value: 'v12' }],
  ['keep', { value: 'v13' }],
  ['keep', { value: 'v14' }],
  ['rank', { key: 'r1', value: 'v15' }],
  ['unrank', { key: 'r2' }],
  ['rank', { key: 'r40', value: 'v16' }],
  ['poke', { id: 'v17' }],
  ['freeze', { value: 'v18' }],
]

const scenario: Scenario = {
  ...generate(1, 'host'),
  seed: 'collections',
  app: 'collections',
  nodes: NODES,
  operations: CALLS.map(
    ([method, args], index): Operation => ({ atMs: 300 * (index + 1), node: NODES[index % 5] ?? 'n0', method, args }),
  ),
  faults: [],
  lag: { diskMs: 0, guestMs: 0 },
}

let collected: Facts
beforeAll(async () => {
  const end = await simulate(scenario)
  const facts = await factsOf(end)
  await end.world.close()
  if (!facts) throw new Error('not every node was there')
  collected = facts
}, TIMEOUT_MS)

function withViews(views: Record<string, unknown>): Facts {
  return { ...collected, views: { ...collected.views, ...views } }
}

/** As if a hostile member had called it, and nobody had ever applied that. */
function withRefused(method: string, views: Record<string, unknown>): Facts {
  const operation = { atMs: 0, node: HOSTILE, method, args: {} }
  const deltaId = 'f'.repeat(64) as DeltaId
  const refused: Attempt = { operation, atMs: 0, outcome: 'open', deltaId, error: undefined }
  const { history } = collected
  const attempts = [...history.attempts, refused]
  const changed: History = Object.assign(Object.create(Object.getPrototypeOf(history)), history, { attempts })
  return { ...withViews(views), history: changed }
}

const claimsOf = (owner: string, value: string) =>
  (collected.views.all_claims as string[]).map((line) => `${line.split(' ')[0]} ${accountHex(owner)} ${value}`)

const signedIn = (values: readonly string[]) =>
  (collected.views.all_signed as string[]).map((line, at) => `${line.split(' ')[0]} ${values[at] ?? ''}`)

const ranksOf = (key: string, value: string | undefined) =>
  [
    ...(collected.views.all_ranks as string[]).filter((line) => !line.startsWith(`${key} `)),
    ...(value === undefined ? [] : [`${key} ${value}`]),
  ].sort()

const planted: readonly (readonly [string, () => Facts])[] = [
  ['a reset takes away what came later', () => withViews({ visit_count: 1 })],
  ['a reset takes away nothing', () => withViews({ visit_count: 4 })],
  ['a visit that nobody applied is counted', () => withRefused('visit', { visit_count: 3 })],
  ['what nobody applied is earned', () => withRefused('earn', { get_balance: 2 })],
  ['an event is counted twice', () => withViews({ poke_count: 2 })],
  ['what stood in a list is lost', () => withViews({ list_values: [] })],
  ['what was taken out of a list is back', () => withViews({ list_values: ['v6', 'v5'] })],
  ['what was replaced in a list is back', () => withViews({ list_values: ['v1'] })],
  ['an element shows twice', () => withViews({ list_values: ['v6', 'v1'] })],
  ['a value that nobody put into a list', () => withViews({ list_values: ['v6', 'v99'] })],
  ['what was erased from a text is back', () => withViews({ page_text: 'v2' })],
  ['a text is lost', () => withViews({ page_text: '' })],
  ['a key is lost', () => withViews({ all_claims: [] })],
  ['a key goes to who claimed it later', () => withViews({ all_claims: claimsOf('n4', 'v7') })],
  ['who has a key says what another wrote', () => withViews({ all_claims: claimsOf('n0', 'v7') })],
  ['what was retracted is back', () => withViews({ all_signed: signedIn(['v8', 'v9']) })],
  ['what was signed is lost', () => withViews({ all_signed: [] })],
  [
    'what one has signed is another’s',
    () => withViews({ all_signed: signedIn(['v8', '']).map((line) => line.replace(/^../, 'ff')) }),
  ],
  ['a shared storage has another writer', () => withViews({ 'get_shared 1': `${accountHex('n0')} v4` })],
  ['a shared storage is gone', () => withViews({ 'get_shared 1': null })],
  ['what somebody keeps is lost', () => withViews({ 'kept_by n3': null })],
  ['somebody keeps what another wrote', () => withViews({ 'kept_by n3': 'v14' })],
  ['what is frozen is lost', () => withViews({ are_frozen: FIRST_FROZEN })],
  ['what was there first is lost', () => withViews({ are_frozen: ['v11', 'v18'] })],
  ['a rank that was overwritten is back', () => withViews({ all_ranks: ranksOf('r1', 'old') })],
  ['a rank is lost', () => withViews({ all_ranks: ranksOf('r40', undefined) })],
  ['a removed rank is back', () => withViews({ all_ranks: ranksOf('r2', 'old') })],
  [
    'a sorted map is not in its order',
    () => withViews({ all_ranks: (collected.views.all_ranks as string[]).toReversed() }),
  ],
]

describe('the checker of effects, for collections', () => {
  it('finds nothing in what an honest run left', () => {
    expect(checkFacts(collected)).toEqual([])
  })

  it.each(planted)('%s', (_, facts) => {
    expect(checkFacts(facts()).map(({ checker }) => checker)).toContain('effects')
  })
})
