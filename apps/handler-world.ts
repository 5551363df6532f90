// Three members of one context whose handlers run when the caller says: what the handler check plays its schedules on.
// Changes arrive in causal order, as a node applies them; everything else is free.
import { fromUtf8 } from '../node-runtime/src/base/bytes.ts'
import type { GuestModule } from '../node-runtime/src/runtime/guest-executor.ts'
import { type CallResult, type Delta, Replica } from './replica.ts'

export const HANDLER_MEMBERS = ['ada', 'bob', 'cyd'] as const

/** As on a node: what handlers cause deeper than this is not handled any more. */
const DEPTH_MAX = 8
/** Handlers that cause handlers multiply with the members; one schedule ends here. */
const RUNS_MAX = 2000

export interface HandlerScenario {
  /** Arguments of `init`. */
  readonly init?: object
  /** Made before anything is exchanged, by member 0 to 2 (default: 0). Their events name the handlers. */
  readonly calls: readonly { readonly method: string; readonly args?: object; readonly by?: number }[]
  /** What is compared, at every member. */
  readonly views: readonly View[]
  /** Methods of views that count runs on purpose: they may differ when handlers run twice, and only then. */
  readonly countsRuns?: readonly string[]
}

export interface View {
  readonly method: string
  readonly args?: object
}

/** One handler that is due at one member. */
export interface Run {
  readonly handler: string
  readonly input: string
  readonly depth: number
}

/** What every schedule begins with. */
export interface Origin {
  readonly module: GuestModule
  /** The state after `init`. */
  readonly base: Awaited<ReturnType<typeof Replica.found>>
  /** The first time that guests see. */
  readonly startNs: bigint
}

interface News {
  readonly delta: Delta
  readonly from: Member
  readonly events: CallResult['events']
  /** What its author knew. */
  readonly after: ReadonlySet<News>
  readonly depth: number
}

export class HandlerFailure extends Error {}

/** Nothing can be checked: what is to be called or compared cannot be. */
export class ScenarioError extends Error {}

export class Member {
  readonly name: string
  readonly replica: Replica
  readonly known = new Set<News>()
  due: Run[] = []

  constructor(name: string, replica: Replica) {
    this.name = name
    this.replica = replica
  }
}

export class HandlerWorld {
  readonly members: readonly Member[]
  /** What ran where, in order. */
  readonly trace: string[] = []
  readonly ran: { readonly member: Member; readonly run: Run }[] = []
  readonly #news: News[] = []

  private constructor(members: readonly Member[]) {
    this.members = members
  }

  /** All calls are made and nothing is exchanged. */
  static async open({ module, base, startNs }: Origin, { calls }: HandlerScenario): Promise<HandlerWorld> {
    const replicas = await Replica.join(module, HANDLER_MEMBERS, base)
    const members = replicas.map((replica, index) => {
      replica.timeNs = startNs
      return new Member(HANDLER_MEMBERS[index] ?? '', replica)
    })
    const world = new HandlerWorld(members)
    for (const { method, args, by = 0 } of calls) {
      const member = members[by]
      if (!member) throw new Error(`call ${method}: there is no member ${by}; members are 0 to ${members.length - 1}`)
      world.#publish(member, succeeded(await member.replica.call(method, args), `call ${method}`, ScenarioError), 0)
    }
    return world
  }

  /** What `member` can apply now, in the order in which it was made. */
  arriving({ known }: Member): News[] {
    return this.#news.filter((news) => !known.has(news) && [...news.after].every((each) => known.has(each)))
  }

  async deliver(member: Member, news: News): Promise<void> {
    await member.replica.apply(news.delta)
    if (news.delta.artifact.kind === 'guest') await member.replica.refold()
    member.known.add(news)
    for (const { handler, data } of news.events) {
      if (handler === undefined) continue
      if (news.depth === DEPTH_MAX) throw new HandlerFailure(`handlers cause handlers more than ${DEPTH_MAX} deep`)
      member.due.push({ handler, input: fromUtf8(data), depth: news.depth + 1 })
    }
  }

  /** Until everybody has everything. */
  async exchange(): Promise<void> {
    for (const member of this.members) {
      for (let next = this.arriving(member); next[0]; next = this.arriving(member)) await this.deliver(member, next[0])
    }
  }

  /** Runs one handler that is due, or one that ran before once more. */
  async run(member: Member, run: Run): Promise<void> {
    if (this.ran.length >= RUNS_MAX) throw new HandlerFailure(`handlers cause more than ${RUNS_MAX} runs of handlers`)
    const at = member.due.indexOf(run)
    if (at >= 0) member.due.splice(at, 1)
    const what = `${member.name} ${run.handler}(${run.input})`
    this.trace.push(what)
    this.ran.push({ member, run })
    this.#publish(member, succeeded(await member.replica.call(run.handler, run.input), what), run.depth)
  }

  /** In order, one member after the other, until nothing is due anywhere and everybody has everything. */
  async finish(times = 1): Promise<void> {
    await this.exchange()
    for (let member = this.#busy(); member; member = this.#busy()) {
      for (const run of [...member.due]) for (let time = 0; time < times; time += 1) await this.run(member, run)
      await this.exchange()
    }
    const [first, ...others] = this.members
    for (const { name, replica } of others) {
      if (replica.root !== first?.replica.root) {
        throw new HandlerFailure(`${name} and ${first?.name} hold the same changes and differ`)
      }
    }
  }

  /** What each view answers at each member, by `<member> <view>`. */
  async look(views: readonly View[]): Promise<Map<string, string>> {
    const seen = new Map<string, string>()
    for (const { name, replica } of this.members) {
      for (const { method, args } of views) {
        const { json, delta } = succeeded(await replica.call(method, args), `view ${method}`)
        if (delta) throw new ScenarioError(`${method} is not a view: it changed something`)
        seen.set(`${name} ${nameOf({ method, ...(args ? { args } : {}) })}`, JSON.stringify(json) ?? 'nothing')
      }
    }
    return seen
  }

  /** The author of the calls comes last: its handlers are those that handlers of others cause. */
  #busy(): Member | undefined {
    return this.members.findLast(({ due }) => due.length > 0)
  }

  #publish(member: Member, { delta, events }: CallResult, depth: number): void {
    if (!delta) return
    const news = { delta, from: member, events, after: new Set(member.known), depth }
    this.#news.push(news)
    member.known.add(news)
  }
}

export function nameOf({ method, args }: View): string {
  return `${method}(${args ? JSON.stringify(args) : ''})`
}

function succeeded(result: CallResult, what: string, Failure = HandlerFailure): CallResult {
  if (result.status !== 'ok') throw new Failure(`${what} failed: ${result.error?.message}`)
  return result
}
