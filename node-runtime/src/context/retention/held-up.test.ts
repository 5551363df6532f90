// An own delta that is to be written again and cannot be, for a reason of its own: nothing of its author's comes before it, who
// calls hears why, and it is written as soon as it can be, though nobody calls.
import { expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { utf8 } from '../../base/bytes.ts'
import { accountOf } from '../../base/keys.ts'
import type { GuestExecutor, GuestJob, GuestOutcome } from '../../runtime/guest-executor.ts'
import { faultyStore } from '../../store/faulty-store.ts'
import { converge, shareContext } from '../../testing/test-nodes.ts'
import { countRows, NAMES, type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { RECONSIDER_MS } from '../limits.ts'
import { lowerMember } from '../namespaces/membership.ts'

const { open } = testWorlds()
const ABSENT_MS = 120_000

const call = ({ world, shared }: Scene, name: string, method: string, args: object) =>
  world.run(world.get(name).call(shared.contextId, method, args))
const set = (scene: Scene, name: string, key: string, value: string) => call(scene, name, 'set', { key, value })
const get = (scene: Scene, name: string, key: string) => call(scene, name, 'get', { key })

interface Machine {
  /** Whether it is too slow to apply what `cyd` has written alone. */
  isSlow: boolean
  /** Whether the disk of `cyd` takes no writes. */
  isFull: boolean
  /** How often it has applied that. */
  tries: number
  /** How often it was too slow. */
  failures: number
  /** How often a handler has run on `cyd`. */
  handlerRuns: number
  /** Behind which a call on `cyd` that writes "second" waits, before its guest runs. */
  door: Promise<void> | undefined
  /** How many have come to it. */
  atDoor: number
}

/** Most have pruned past what cyd has written while it was away. Cyd is back, and its machine cannot apply that. */
async function cydIsHeldUp(): Promise<{ scene: Scene; machine: Machine }> {
  const world = await open({ retention: { checkpointMin: 8, absentMs: ABSENT_MS } })
  const machine: Machine = {
    isSlow: false,
    isFull: false,
    tries: 0,
    failures: 0,
    handlerRuns: 0,
    door: undefined,
    atDoor: 0,
  }
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  const { disk } = world.place('cyd')
  Object.assign(world.place('cyd'), {
    disk: faultyStore(disk, 'cyd', { write: () => (machine.isFull ? error : undefined) }),
  })
  for (const name of NAMES) {
    const wrapExecutor = (executor: GuestExecutor): GuestExecutor => ({
      inspect: (module) => executor.inspect(module),
      close: () => executor.close(),
      run: async (module, source, jobs, options) => {
        if (name === 'cyd' && jobs.some((job) => job.kind === 'call' && Buffer.from(job.input).includes('second'))) {
          machine.atDoor += 1
          await machine.door
        }
        const outcomes = await executor.run(module, source, jobs, options)
        return outcomes.map((outcome, at) => asOn(name, machine, jobs[at], outcome))
      },
    })
    await world.start(name, { boot: NAMES, wrapExecutor })
  }
  const scene = { world, shared: await shareContext(world, await appWasm('order-sensitive'), NAMES) }
  await set(scene, 'cyd', 'k', 'cyd')
  await converge(world, scene.shared.contextId, NAMES)
  world.network.partition([world.get('cyd').peerId])
  await world.pass(1000)
  await set(scene, 'cyd', 'away', 'first')
  await world.pass(2 * ABSENT_MS)
  for (let i = 0; i < 30; i += 1) await set(scene, i % 2 ? 'ada' : 'bob', `k${i % 7}`, `${i}`)
  await world.pass(30_000)
  machine.isSlow = true
  world.network.heal()
  await world.until('cyd to try', () => machine.failures > 0)
  await world.pass(5000)
  return { scene, machine }
}

function asOn(name: string, machine: Machine, job: GuestJob | undefined, outcome: GuestOutcome): GuestOutcome {
  if (job?.kind === 'apply' && name === 'cyd' && Buffer.from(job.artifact).includes('first')) {
    machine.tries += 1
    if (!machine.isSlow) return outcome
    machine.failures += 1
    return { ...outcome, status: 'error', changes: [], error: { kind: 'timeout', message: 'it took too long' } }
  }
  if (job?.kind !== 'call') return outcome
  if (Buffer.from(job.input).includes('by a handler') && name === 'cyd') machine.handlerRuns += 1
  if (job.method !== 'set' || !Buffer.from(job.input).includes('with an event')) return outcome
  const data = utf8(JSON.stringify({ key: 'handled', value: 'by a handler' }))
  return { ...outcome, events: [{ kind: 'Set', data, handler: 'set' }] }
}

const rowsOn = ({ world }: Scene, name: string) => countRows(world.get(name).disk, 'reissue')

it('no call that writes comes before it, and is told why; calls that read are answered', async () => {
  const { scene, machine } = await cydIsHeldUp()
  const { world, shared } = scene
  const context = await world.get('cyd').context(shared.contextId)
  const tries = machine.failures
  for (const key of ['away', 'other']) {
    const refused = { code: 'CONTEXT_BUSY', message: expect.stringContaining('it took too long') }
    await expect(set(scene, 'cyd', key, 'second')).rejects.toMatchObject(refused)
  }
  expect(await get(scene, 'cyd', 'k3')).toBe('24')
  // Not for each call.
  expect(machine.failures).toBe(tries)
  expect(context.waiting()).toMatchObject({
    rewriting: true,
    rewritingError: expect.stringContaining('it took too long'),
  })
  const { readiness } = world.get('cyd').node
  const told = expect.arrayContaining([expect.stringContaining('only to be read')])
  expect(readiness).toMatchObject({ ready: true, reasons: told })
  machine.isSlow = false
  await world.pass(RECONSIDER_MS)
  expect(context.waiting()).toMatchObject({ rewriting: false })
  expect(context.waiting().rewritingError).toBeUndefined()
  await set(scene, 'cyd', 'away', 'second')
  await converge(world, shared.contextId, NAMES)
  for (const name of NAMES) expect(await get(scene, name, 'away')).toBe('second')
  expect(await rowsOn(scene, 'cyd')).toBe(0)
})

it('is tried again by itself, less and less often, and written once it can be', async () => {
  const { scene, machine } = await cydIsHeldUp()
  const { world } = scene
  await world.pass(RECONSIDER_MS)
  const tries = machine.failures
  await world.pass(10 * RECONSIDER_MS)
  expect(machine.failures - tries).toBeGreaterThanOrEqual(9)
  expect(machine.failures - tries).toBeLessThanOrEqual(11)
  expect([await rowsOn(scene, 'cyd'), await get(scene, 'ada', 'away')]).toEqual([1, null])
  machine.isSlow = false
  await world.pass(2 * RECONSIDER_MS)
  expect([await rowsOn(scene, 'cyd'), await get(scene, 'ada', 'away')]).toEqual([0, 'first'])
})

it('keeps handlers waiting, which do not even begin', async () => {
  const { scene, machine } = await cydIsHeldUp()
  const { world, shared } = scene
  await set(scene, 'ada', 'with an event', 'v')
  await world.pass(30_000)
  const context = await world.get('cyd').context(shared.contextId)
  expect([machine.handlerRuns, context.waiting().handlers]).toEqual([0, 1])
  machine.isSlow = false
  await world.pass(2 * RECONSIDER_MS)
  expect([machine.handlerRuns, context.waiting().handlers]).toEqual([1, 0])
  await converge(world, shared.contextId, NAMES)
})

it('on a disk that is full is tried again less and less often, and calls that read are answered', async () => {
  const { scene, machine } = await cydIsHeldUp()
  const { world } = scene
  machine.isFull = true
  machine.isSlow = false
  const { tries } = machine
  for (let i = 0; i < 60; i += 1) {
    await world.pass(RECONSIDER_MS / 6)
    expect(await get(scene, 'cyd', 'k3')).toBe('24')
  }
  // Each minute, whatever is read.
  expect(machine.tries - tries).toBeGreaterThanOrEqual(9)
  expect(machine.tries - tries).toBeLessThanOrEqual(16)
  await expect(set(scene, 'cyd', 'other', 'v')).rejects.toMatchObject({
    code: 'CONTEXT_BUSY',
    message: expect.stringContaining('comes first'),
  })
  machine.isFull = false
  await world.pass(2 * RECONSIDER_MS)
  expect([await rowsOn(scene, 'cyd'), await get(scene, 'ada', 'away')]).toEqual([0, 'first'])
})

it('comes before a call whose guest ran while this member was given its right to write back', async () => {
  const { scene, machine } = await cydIsHeldUp()
  const { world, shared } = scene
  const { node } = world.get('ada')
  const { publicKey } = world.get('cyd').node.identity
  const account = accountOf(publicKey)
  const mayWrite = () => world.get('cyd').node.namespaces.get(shared.namespaceId).mayWrite(shared.contextId, publicKey)
  await world.run(lowerMember(node, shared.groupId, account))
  await world.until('cyd to hear that it is lowered', () => !mayWrite())
  machine.isSlow = false
  await world.pass(2 * RECONSIDER_MS)
  const door = Promise.withResolvers<void>()
  machine.door = door.promise
  const written = set(scene, 'cyd', 'away', 'second')
  const refused = expect(written).rejects.toMatchObject({ code: 'NOT_ALLOWED' })
  await world.until('its guest to be asked', () => machine.atDoor > 0)
  const again = { kind: 'role_set', groupId: shared.groupId, account, role: 'Member' } as const
  await world.run(node.namespaces.ofGroup(shared.groupId).submit(again))
  await world.until('cyd to hear that it may write', mayWrite)
  door.resolve()
  await refused
  await world.pass(2 * RECONSIDER_MS)
  expect([await rowsOn(scene, 'cyd'), await get(scene, 'ada', 'away')]).toEqual([0, 'first'])
  await set(scene, 'cyd', 'away', 'second')
  await converge(world, shared.contextId, NAMES)
  for (const name of NAMES) expect(await get(scene, name, 'away')).toBe('second')
})
