// What later versions of the generator have added to the seeds, each from draws of its own: upgrades, proposals, presence, work on
// the shared group, and removals by others than its maker. Seeds that were pinned before stay as they were.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { withBehind } from './behind.ts'
import { withCertifiedTwice, withEveryWord } from './certifying.ts'
import { withClaiming } from './claiming.ts'
import { withContested, withFellow } from './contested.ts'
import { type Draws, drawsFrom } from './draws.ts'
import { withHeaps } from './heaps.ts'
import { withLagging } from './lagging.ts'
import { writeOf } from './operations.ts'
import { withParting } from './parting.ts'
import { withPrying } from './prying.ts'
import { withReading } from './reading.ts'
import { withRedoing } from './redoing.ts'
import { withRewritingCrash } from './rewriting.ts'
import { type Chore, type Fault, HOSTILE, honestNodes, type Mark, remainingNodes, type Scenario } from './scenario.ts'
import { withShowing } from './showing.ts'
import { withSlices } from './slices.ts'
import { withSpoiling } from './spoiling.ts'
import { withStanding, withStandingPair } from './standing.ts'

/** Of the seeds whose application applies its own deltas, where it matters most by which code, and of the others. */
const GUEST_UPGRADE_SHARE = 0.4
const HOST_UPGRADE_SHARE = 0.06
/** Of the seeds whose application keeps its own state, those where it has another version after the upgrade. */
const MIGRATION_SHARE = 0.4
const PROPOSALS_SHARE = 0.08
const PRESENCE_SHARE = 0.1
/** Of the seeds, those where the shared group is renamed, has new admins and new keys. */
const GROUP_SHARE = 0.08
/** Of the seeds with a removal, those where another admin removes, or two at the same time. */
const REMOVERS_SHARE = 0.5
/** Of the seeds where a member loses the context by what it had inherited, those where one alone has heard its last words. */
const WITNESSES_SHARE = 0.6
/** Longer than it takes those who have less to say what they have. */
const APART_MS = 9000

export function withAdditions(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`additions ${seed}`))
  const upgradeShare = scenario.app === 'order-sensitive' ? GUEST_UPGRADE_SHARE : HOST_UPGRADE_SHARE
  const steps: readonly (readonly [boolean, (of: Scenario, draws: Draws) => Scenario])[] = [
    [draws.chance(REMOVERS_SHARE), withRemovers],
    [draws.chance(WITNESSES_SHARE), withWitnesses],
    [draws.chance(upgradeShare), upgraded],
    [draws.chance(PROPOSALS_SHARE), proposing],
    [draws.chance(PRESENCE_SHARE), present],
    [draws.chance(GROUP_SHARE), administered],
  ]
  const added = steps.reduce((made, [isChosen, step]) => (isChosen ? step(made, draws) : made), scenario)
  const ends = [
    withStandingPair,
    withLagging,
    withContested,
    withStanding,
    withHeaps,
    withShowing,
    withEveryWord,
    withCertifiedTwice,
    withBehind,
    withFellow,
    withPrying,
    withSpoiling,
    withClaiming,
    withSlices,
    withRewritingCrash,
    withParting,
    withReading,
    withRedoing,
  ]
  const ended = ends.reduce((made, step) => step(made, seed), added)
  return migrating(ended, seed)
}

/** Where the member had the context by inheritance the maker of the group alone decides. */
function withRemovers(scenario: Scenario, draws: Draws): Scenario {
  const removal = scenario.faults.find((fault) => fault.kind === 'removal')
  if (!removal || removal.how !== undefined) return scenario
  const by = draws.pick(scenario.nodes.filter((name) => name !== removal.node && name !== removal.by))
  const faults = scenario.faults.map((fault) => (fault === removal ? { ...removal, by } : fault))
  // Of the first nothing may be heard where the other is.
  if (draws.chance(0.5)) faults.push({ ...removal, atMs: removal.atMs + draws.pick([0, 0, 5, 200]) })
  return marked({ ...scenario, faults }, 'removers')
}

/** Who removes does not say what was accepted; of those who do one has more than the others, and hears of it late. */
function withWitnesses(scenario: Scenario, draws: Draws): Scenario {
  const removal = scenario.faults.find((fault) => fault.kind === 'removal')
  if (!removal || removal.how === undefined || removal.how === 'removed') return scenario
  const { node, by, atMs } = removal
  const witness = draws.pick(scenario.nodes.filter((name) => name !== node && name !== by))
  const rest = [...honestNodes(scenario), HOSTILE].filter((name) => name !== node && name !== witness)
  const [fromMs, untilMs] = [Math.max(0, atMs - 1500), atMs + APART_MS]
  const words = [1, 2, 3].map((step) =>
    writeOf(scenario.app, { node, atMs: Math.max(fromMs, atMs - 300 * step), id: `last word ${step}` }),
  )
  const apart: Fault = { kind: 'partition', sides: [[node, witness], rest], silent: false, fromMs, untilMs }
  const operations = [...scenario.operations, ...words].sort((a, b) => a.atMs - b.atMs)
  return marked({ ...scenario, operations, faults: [...scenario.faults, apart] }, 'witnesses')
}

function upgraded(scenario: Scenario, draws: Draws): Scenario {
  const [node = 'n0'] = scenario.nodes
  const fault: Fault = { kind: 'upgrade', node, atMs: draws.whole(0, lastOf(scenario)) }
  const made = marked({ ...scenario, faults: [...scenario.faults, fault] }, 'upgrade')
  return scenario.app === 'order-sensitive' ? marked(made, 'guest upgrade') : made
}

/** From draws of their own, which change no pinned seed: the upgrade is to another version of the state. */
function migrating(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`migrations ${seed}`))
  if (scenario.app !== 'order-sensitive' || !draws.chance(MIGRATION_SHARE)) return scenario
  const isUpgraded = scenario.faults.some(({ kind }) => kind === 'upgrade')
  const { faults, ...made } = isUpgraded ? scenario : upgraded(scenario, draws)
  const migrating = faults.map((fault): Fault => (fault.kind === 'upgrade' ? { ...fault, migrates: true } : fault))
  // A checkpoint behind it may contain more than such a one names, and then nobody could say what it contains.
  const { checkpointMin = 0, absentMs = 0 } = made.retention ?? {}
  const kept = made.retention === undefined ? {} : { retention: { checkpointMin, absentMs } }
  return marked({ ...made, ...kept, faults: migrating }, 'migration')
}

function proposing(scenario: Scenario, draws: Draws): Scenario {
  const kinds: readonly Chore[] = ['propose', 'propose', 'propose', ...Array(9).fill('approve')]
  return marked(withChoresOf(scenario, draws, kinds, remainingNodes(scenario)), 'proposals')
}

function administered(scenario: Scenario, draws: Draws): Scenario {
  const kinds = Array.from({ length: draws.whole(2, 5) }, () => draws.pick(['promote', 'rekey', 'rename'] as const))
  return marked(withChoresOf(scenario, draws, kinds, scenario.nodes.slice(0, 1)), 'chores')
}

function withChoresOf(scenario: Scenario, draws: Draws, kinds: readonly Chore[], by: readonly string[]): Scenario {
  const callers = by.filter((name) => scenario.nodes.includes(name))
  const faults = kinds.map((chore): Fault => {
    const [node, pick] = [draws.pick(callers), draws.whole(0, 1000)]
    return { kind: 'chore', node, chore, pick, atMs: draws.whole(0, lastOf(scenario)) }
  })
  return { ...scenario, faults: [...scenario.faults, ...faults] }
}

function present(scenario: Scenario, draws: Draws): Scenario {
  const faults = Array.from({ length: draws.whole(3, 12) }, (_, index): Fault => {
    const [node, shows] = [draws.pick(scenario.nodes), draws.chance(0.15) ? null : `here ${index}`]
    return { kind: 'presence', node, shows, atMs: draws.whole(0, lastOf(scenario)) }
  })
  return marked({ ...scenario, faults: [...scenario.faults, ...faults] }, 'presence')
}

function lastOf({ operations }: Scenario): number {
  return operations.at(-1)?.atMs ?? 0
}

function marked(scenario: Scenario, mark: Mark): Scenario {
  return { ...scenario, marks: [...new Set([...(scenario.marks ?? []), mark])] }
}
