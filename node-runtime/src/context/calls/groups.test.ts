// Calls that wait together: one run, one batch, a delta each.
import { expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { utf8 } from '../../base/bytes.ts'
import type { GuestExecutor, GuestOutcome } from '../../runtime/guest-executor.ts'
import { converge, type SharedContext, shareContext, type TestWorld } from '../../testing/test-nodes.ts'
import { countRows, testWorlds } from '../../testing/test-worlds.ts'
import { verifyDelta } from '../../wire/delta.ts'
import { CALL_GROUP_MAX } from '../limits.ts'

type Run = GuestExecutor['run']
/** What stands before the executor of ada. */
type Way = (next: Run, ...args: Parameters<Run>) => ReturnType<Run>

const { open } = testWorlds()
const NAMES = ['ada', 'bob']
const straight: Way = (next, ...args) => next(...args)

class Stage {
  readonly world: TestWorld
  readonly shared: SharedContext
  /** Of each run of calls, how many it was given. */
  readonly runs: number[] = []
  way: Way = straight

  private constructor(world: TestWorld, shared: SharedContext) {
    this.world = world
    this.shared = shared
  }

  static async open(app = 'kv-store'): Promise<Stage> {
    const world = await open()
    let stage: Stage | undefined
    const wrapExecutor = (executor: GuestExecutor): GuestExecutor => ({
      inspect: (module) => executor.inspect(module),
      close: () => executor.close(),
      run: (module, source, jobs, options) => {
        if (jobs[0]?.kind !== 'call' || !stage) return executor.run(module, source, jobs, options)
        stage.runs.push(jobs.length)
        return stage.way((...args) => executor.run(...args), module, source, jobs, options)
      },
    })
    for (const name of NAMES) await world.start(name, { boot: NAMES, ...(name === 'ada' ? { wrapExecutor } : {}) })
    stage = new Stage(world, await shareContext(world, await appWasm(app), NAMES))
    return stage
  }

  get ada() {
    return this.world.get('ada')
  }

  call(method: string, args: object = {}): Promise<unknown> {
    return this.ada.call(this.shared.contextId, method, args)
  }

  set(key: string, value = 'v'): Promise<unknown> {
    return this.call('set', { key, value })
  }

  async settled(calls: readonly Promise<unknown>[]) {
    return this.world.run(Promise.allSettled(calls))
  }

  async entries(): Promise<object> {
    const { heads } = await converge(this.world, this.shared.contextId, NAMES)
    expect(heads).toHaveLength(1)
    return (await this.world.run(this.world.get('bob').call(this.shared.contextId, 'entries'))) as object
  }
}

const failure = { changes: [], privateChanges: [], events: [], xcalls: [], proposals: [], approvals: [], logs: [] }

it('calls that wait together have one run and one batch, and a delta and its events each', async () => {
  const stage = await Stage.open()
  const { batches, events } = stage.ada
  const before = events.length
  await stage.settled(['a', 'b', 'c', 'd', 'e'].map((key) => stage.set(key)))
  expect(stage.runs).toEqual([5])
  expect(stage.ada.batches - batches).toBe(1)
  expect(await countRows(stage.ada.disk, 'delta')).toBe(5)
  expect(Object.keys(await stage.entries()).sort()).toEqual(['a', 'b', 'c', 'd', 'e'])
  for (const name of NAMES) {
    const told = stage.world.get(name).events.slice(name === 'ada' ? before : 0)
    expect(new Set(told.map(({ deltaId }) => deltaId)).size, name).toBe(5)
    expect(told.every((event) => event.events.length === 1)).toBe(true)
  }
})

it('their deltas share one signature, and each is genuine by its own path', async () => {
  const stage = await Stage.open()
  await stage.settled(['a', 'b', 'c'].map((key) => stage.set(key)))
  const context = await stage.ada.context(stage.shared.contextId)
  const [head] = context.heads()
  const last = head && context.delta(head)
  const [parent] = last?.parents ?? []
  const before = parent && context.delta(parent)
  if (!last || !before) throw new Error('three calls have no chain of deltas')
  expect(before.signature).toEqual(last.signature)
  expect(before.path).not.toEqual(last.path)
  expect([before, last].map(verifyDelta)).toEqual([true, true])
})

it('more than share a turn have several', async () => {
  const stage = await Stage.open()
  const calls = Array.from({ length: CALL_GROUP_MAX + 4 }, (_, index) => stage.set(`k${index}`))
  await stage.settled(calls)
  expect(stage.runs).toEqual([CALL_GROUP_MAX, 4])
  expect(Object.keys(await stage.entries())).toHaveLength(calls.length)
})

it('each sees what those before it have written, and one that fails leaves no trace and disturbs nobody', async () => {
  const stage = await Stage.open()
  const settled = await stage.settled([
    stage.set('a', 'one'),
    stage.call('get_unchecked', { key: 'none' }),
    stage.call('get', { key: 'a' }),
    stage.call('get_result', { key: 'none' }),
    stage.set('a', 'two'),
    stage.call('no_such_method'),
    stage.call('get', { key: 'a' }),
  ])
  expect(stage.runs).toEqual([7])
  const answers = settled.map((each) =>
    each.status === 'fulfilled' ? (each.value ?? 'nothing') : each.reason.data.kind,
  )
  expect(answers.slice(1)).toEqual(['panic', 'one', 'guest_error', 'nothing', 'method_not_found', 'two'])
  expect(await stage.entries()).toEqual({ a: 'two' })
  expect(await countRows(stage.ada.disk, 'delta')).toBe(2)
})

it('what ran on something that its delta does not do runs again, one call at a time for a while', async () => {
  const stage = await Stage.open()
  const lied = { value: utf8('something else') }
  stage.way = async (next, ...args) => {
    stage.way = straight
    const [first, ...others] = await next(...args)
    if (!first) return others
    return [{ ...first, changes: first.changes.map((change) => ({ ...change, ...lied })) }, ...others]
  }
  await stage.settled(['a', 'b', 'c', 'd'].map((key) => stage.set(key)))
  expect(stage.runs).toEqual([4, 1, 2])
  expect(await countRows(stage.ada.disk, 'delta')).toBe(4)
  expect(Object.keys(await stage.entries()).sort()).toEqual(['a', 'b', 'c', 'd'])
})

it('of a run that the machine has ended the call that it met fails, and those behind it run again', async () => {
  const stage = await Stage.open()
  stage.way = async (next, ...args) => {
    stage.way = straight
    const [first] = await next(...args)
    const error = { kind: 'timeout', message: 'too long' } as const
    const late: GuestOutcome = {
      status: 'error',
      error,
      ...failure,
      beganNs: 0n,
      timeNs: first?.timeNs ?? 0n,
      tookMs: 1,
    }
    return first ? [first, late] : []
  }
  const settled = await stage.settled(['a', 'b', 'c'].map((key) => stage.set(key)))
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(Object.keys(await stage.entries()).sort()).toEqual(['a', 'c'])
})

it('of a run that fails only the call that it met fails', async () => {
  const stage = await Stage.open()
  stage.way = async (next, module, source, jobs, options) => {
    stage.way = straight
    await next(module, source, jobs.slice(0, 1), options)
    throw new Error('the thread is gone')
  }
  const settled = await stage.settled(['a', 'b', 'c'].map((key) => stage.set(key)))
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(Object.keys(await stage.entries()).sort()).toEqual(['a', 'c'])
})

it('who is quick does not wait for who is slow', async () => {
  const stage = await Stage.open()
  const slow = Promise.withResolvers<void>()
  stage.way = async (next, module, source, jobs, options) => {
    stage.way = straight
    const outcomes = await next(module, source, jobs, {})
    for (const outcome of outcomes.slice(0, 2)) options?.onOutcome?.(outcome)
    await slow.promise
    options?.onOutcome?.(outcomes[2] as GuestOutcome)
    return outcomes
  }
  const answered: string[] = []
  const calls = ['a', 'b', 'slow'].map((key) => stage.set(key).then(() => answered.push(key)))
  await stage.world.until('the quick ones to be answered', () => answered.length === 2)
  expect(answered).toEqual(['a', 'b'])
  slow.resolve()
  await stage.settled(calls)
  expect(answered).toEqual(['a', 'b', 'slow'])
  expect(Object.keys(await stage.entries())).toHaveLength(3)
})

it('one that is abandoned while it runs ends alone, and one that is abandoned while it waits never runs', async () => {
  const stage = await Stage.open()
  const context = await stage.ada.context(stage.shared.contextId)
  const [running, waiting] = [new AbortController(), new AbortController()]
  const set = (key: string, signal?: AbortSignal) =>
    context.call({ method: 'set', input: utf8(JSON.stringify({ key, value: 'v' })), ...(signal ? { signal } : {}) })
  stage.way = async (next, module, source, jobs, options) => {
    stage.way = straight
    await next(module, source, jobs.slice(0, 1), options)
    const ended = new Promise((_, reject) => {
      options?.signal?.addEventListener('abort', () => reject(options.signal?.reason))
    })
    waiting.abort(new Error('nobody waits'))
    running.abort(new Error('gone'))
    await ended
    return []
  }
  const settled = await stage.settled([set('a'), set('b', running.signal), set('c', waiting.signal), set('d')])
  expect(settled.map((each) => (each.status === 'fulfilled' ? 'done' : each.reason.message))).toEqual([
    'done',
    'gone',
    'nobody waits',
    'done',
  ])
  expect(stage.runs).toEqual([4, 1])
  expect(Object.keys(await stage.entries()).sort()).toEqual(['a', 'd'])
})

it('calls of an application whose deltas do something else than they have turns of their own', async () => {
  const stage = await Stage.open('order-sensitive')
  await stage.settled(Array.from({ length: 12 }, (_, index) => stage.call('append', { value: `v${index}` })))
  await converge(stage.world, stage.shared.contextId, NAMES)
  const logs = NAMES.map((name) => stage.world.get(name).call(stage.shared.contextId, 'log'))
  const [ada, bob] = await stage.world.run(Promise.all(logs))
  expect(ada).toEqual(bob)
  expect(ada).toHaveLength(12)
  expect(stage.runs).toEqual([12, ...Array(11).fill(1), 1])
})
