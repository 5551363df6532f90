// Whether the order, number and overlap of its handlers' runs show in what an application answers. Members run handlers
// when they come to it, so they have to be commutative, independent of what others have run meanwhile, and idempotent.
import type { GuestModule } from '../node-runtime/src/runtime/guest-executor.ts'
import { seededRandom } from '../node-runtime/src/testing/seeded-random.ts'
import {
  HANDLER_MEMBERS,
  HandlerFailure,
  type HandlerScenario,
  HandlerWorld,
  ScenarioError,
  type View,
} from './handler-world.ts'
import { Replica } from './replica.ts'

const START_NS = 1_700_000_000_000_000_000n
const DAY_NS = 86_400_000_000_000n
/** Up to 4 handlers in every order, more in these: each two neighbours swapped, all reversed, and some at random. */
const EVERY_ORDER_MAX = 4
const RANDOM_ORDERS = 6
const RANDOM_SCHEDULES = 12

/**
 * `repeatable`: the same runs in the same order answer the same, at another time and with other randomness.
 * `commutative`: one member runs what is due in another order. `independent`: members run handlers before or after they
 * have seen what others' runs and later changes made. `idempotent`: each handler runs twice.
 */
export type Property = 'repeatable' | 'commutative' | 'independent' | 'idempotent'

export interface Finding {
  readonly property: Property
  readonly schedule: string
  /** `<member> <view>`, or `failure` with its message in `seen`. */
  readonly view: string
  readonly expected: string
  readonly seen: string
  /** The handlers' runs, in order, that lead there. */
  readonly runs: readonly string[]
}

export interface HandlerReport {
  /** Handlers that ran in the first schedule; one that is missing here was not checked. */
  readonly handlers: readonly string[]
  readonly schedules: number
  /** The first one of each property and view. Empty: nothing shows. */
  readonly findings: readonly Finding[]
}

interface Schedule {
  readonly property: Property
  readonly name: string
  readonly startNs?: bigint
  readonly play: (world: HandlerWorld) => Promise<void>
}

/** Throws ScenarioError when `init`, a call or a view fails, HandlerFailure when the handlers do in the plain order. */
export async function checkHandlers(module: GuestModule, scenario: HandlerScenario): Promise<HandlerReport> {
  const base = await possible(() => Replica.found(module, HANDLER_MEMBERS[0], scenario.init))
  const plain = await HandlerWorld.open({ module, base, startNs: START_NS }, scenario)
  await plain.exchange()
  const due = Math.max(...plain.members.map((member) => member.due.length))
  await plain.finish()
  const expected = await possible(() => plain.look(scenario.views))
  const findings = new Map<string, Finding>()
  const schedules = [...REPEATED, ...permuted(due), ...INTERLEAVED, ...TWICE]
  for (const schedule of schedules) {
    const world = await HandlerWorld.open({ module, base, startNs: schedule.startNs ?? START_NS }, scenario)
    for (const [view, seen] of await outcome(world, schedule, viewsOf(schedule, scenario))) {
      const before = expected.get(view) ?? 'none'
      const key = `${schedule.property} ${view.slice(view.indexOf(' ') + 1)}`
      if (seen === before || findings.has(key)) continue
      const { property, name } = schedule
      findings.set(key, { property, schedule: name, view, expected: before, seen, runs: world.trace })
    }
  }
  const handlers = [...new Set(plain.ran.map(({ run }) => run.handler))].toSorted()
  return { handlers, schedules: schedules.length + 1, findings: [...findings.values()] }
}

/** What fails before anything is compared says that nothing can be. */
async function possible<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new ScenarioError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

export function describeFinding({ property, schedule, view, expected, seen, runs }: Finding): string {
  const what = view === 'failure' ? seen : `${view} answers ${seen} instead of ${expected}`
  return `not ${property} (${schedule}): ${what}\n${runs.map((run, index) => `  ${index + 1}. ${run}`).join('\n')}`
}

async function outcome(world: HandlerWorld, { play }: Schedule, views: readonly View[]): Promise<Map<string, string>> {
  try {
    await play(world)
    await world.finish()
    return await world.look(views)
  } catch (error) {
    if (error instanceof HandlerFailure) return new Map([['failure', error.message]])
    throw error
  }
}

function viewsOf({ property }: Schedule, { views, countsRuns = [] }: HandlerScenario): readonly View[] {
  return property === 'idempotent' ? views.filter(({ method }) => !countsRuns.includes(method)) : views
}

const REPEATED: readonly Schedule[] = [
  { property: 'repeatable', name: 'a day later', startNs: START_NS + DAY_NS, play: (world) => world.finish() },
]

/** `due`: how many handlers a member has to run once the calls are exchanged. Who has fewer leaves out the others. */
function permuted(due: number): Schedule[] {
  return ordersOf(due).map((order) => ({
    property: 'commutative',
    name: `each member runs them in the order ${order.map((each) => each + 1).join(' ')}`,
    play: async (world) => {
      await world.exchange()
      for (const member of world.members) {
        for (const run of order.flatMap((each) => member.due[each] ?? [])) await world.run(member, run)
        await world.exchange()
      }
    },
  }))
}

const INTERLEAVED: readonly Schedule[] = [
  {
    property: 'independent',
    name: 'nobody sees the runs of the others',
    play: async (world) => {
      await world.exchange()
      for (const member of world.members) for (const run of [...member.due]) await world.run(member, run)
    },
  },
  {
    property: 'independent',
    name: 'each run is seen before the next',
    play: async (world) => {
      await world.exchange()
      for (let someRan = true; someRan; ) {
        someRan = false
        for (const member of world.members) {
          const [run] = member.due
          if (!run) continue
          await world.run(member, run)
          await world.exchange()
          someRan = true
        }
      }
    },
  },
  {
    property: 'independent',
    name: 'each change is handled before the next arrives',
    play: async (world) => {
      for (const member of world.members) {
        for (let [news] = world.arriving(member); news; [news] = world.arriving(member)) {
          await world.deliver(member, news)
          for (const run of [...member.due]) await world.run(member, run)
        }
      }
    },
  },
  ...Array.from({ length: RANDOM_SCHEDULES }, (_, seed) => ({
    property: 'independent' as const,
    name: `at random, ${seed + 1}`,
    play: (world: HandlerWorld) => atRandom(world, seed),
  })),
]

const TWICE: readonly Schedule[] = [
  { property: 'idempotent', name: 'each twice in a row', play: (world) => world.finish(2) },
  {
    property: 'idempotent',
    name: 'all of them again at the end',
    play: async (world) => {
      await world.finish()
      for (const { member, run } of [...world.ran]) await world.run(member, run)
    },
  },
]

/** Any change that can arrive and any handler that is due may be next. */
async function atRandom(world: HandlerWorld, seed: number): Promise<void> {
  const random = seededRandom(`handlers ${seed}`)
  for (;;) {
    const steps = world.members.flatMap((member) => [
      ...world.arriving(member).map((news) => () => world.deliver(member, news)),
      ...member.due.map((run) => () => world.run(member, run)),
    ])
    const step = steps[Math.floor(random.float() * steps.length)]
    if (!step) return
    await step()
  }
}

/** Every order but the plain one, of some; those that say most, of more. */
function ordersOf(count: number): number[][] {
  const plain = Array.from({ length: count }, (_, index) => index)
  const orders = count <= EVERY_ORDER_MAX ? everyOrder(plain) : someOrders(plain)
  return orders.filter((order) => order.some((each, index) => each !== index))
}

function everyOrder(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((first) => everyOrder(items.filter((each) => each !== first)).map((rest) => [first, ...rest]))
}

function someOrders(plain: readonly number[]): number[][] {
  const swaps = plain.slice(1).map((_, index) => plain.with(index, index + 1).with(index + 1, index))
  const random = seededRandom(`orders of ${plain.length}`)
  const shuffled = Array.from({ length: RANDOM_ORDERS }, () => {
    const keys = plain.map(() => random.float())
    return plain.toSorted((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0))
  })
  return [...swaps, plain.toReversed(), ...shuffled]
}
