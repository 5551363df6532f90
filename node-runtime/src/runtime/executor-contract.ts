// What every GuestExecutor does, run on each implementation: how jobs end, what of them remains, and what they see.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bytes, concat, fromUtf8, toHex, utf8 } from '../base/bytes.ts'
import { type ContextId, parseHexId } from '../base/ids.ts'
import { signingKeyFromSeed } from '../base/keys.ts'
import { privatePrefix, statePrefix } from '../store/keys.ts'
import type { Store, StoreOp } from '../store/store.ts'
import {
  type GuestEnv,
  type GuestExecutor,
  type GuestJob,
  type GuestModule,
  type GuestOutcome,
  isMachineFailure,
  type RunOptions,
  type StateSource,
} from './guest-executor.ts'
import { LIMITS } from './limits.ts'
import { compileGuest, MEMORY_SECTIONS, moduleOf, nameBytes, rawModule } from './test-guests.ts'

export interface ExecutorHarness {
  readonly store: Store
  executor(options: { timeLimitMs?: number }): GuestExecutor
  close(): Promise<void>
}

export const CONTEXT = parseHexId<ContextId>('c0'.repeat(32))
export const SOURCE: StateSource = { contextId: CONTEXT, generation: 0, staged: [] }
export const ENV: GuestEnv = {
  contextId: new Uint8Array(32).fill(0xc0),
  executorId: new Uint8Array(32).fill(1),
  accountId: new Uint8Array(32).fill(2),
  deviceId: new Uint8Array(32).fill(3),
  timeNs: 1_700_000_000_000_000_000n,
}

export function call(
  method: string,
  input: Bytes | string = '',
  more: { keep?: boolean; env?: GuestEnv } = {},
): GuestJob {
  const bytes = typeof input === 'string' ? utf8(input) : input
  return { kind: 'call', method, input: bytes, env: more.env ?? ENV, keep: more.keep ?? false }
}

export function apply(artifact: Bytes, more: { keep?: boolean; env?: GuestEnv } = {}): GuestJob {
  return { kind: 'apply', artifact, env: more.env ?? ENV, keep: more.keep ?? false }
}

/** The input of the probe's storage methods. */
export function entry(key: Bytes | string, value = ''): Bytes {
  const bytes = typeof key === 'string' ? utf8(key) : key
  return concat([Uint8Array.of(bytes.byteLength), bytes, utf8(value)])
}

export async function commitTo(store: Store, outcome: GuestOutcome): Promise<void> {
  const ops = (prefix: Bytes, changes: GuestOutcome['changes']) =>
    changes.map(({ key, value }): StoreOp => {
      const stored = concat([prefix, key])
      return value ? { type: 'put', key: stored, value } : { type: 'del', key: stored }
    })
  await store.batch([
    ...ops(statePrefix(CONTEXT, 0), outcome.changes),
    ...ops(privatePrefix(CONTEXT), outcome.privateChanges),
  ])
}

const text = (bytes: Bytes | undefined) => (bytes ? fromUtf8(bytes) : undefined)
const shown = (changes: GuestOutcome['changes']) =>
  changes.map(({ key, value }) => [fromUtf8(key), value === null ? null : Buffer.from(value).toString()])

export function executorContract(name: string, create: () => Promise<ExecutorHarness>): void {
  describe(`${name} executor`, () => {
    let harness: ExecutorHarness
    let executor: GuestExecutor
    let probe: GuestModule
    beforeAll(async () => {
      probe = await compileGuest('probe')
      harness = await create()
      executor = harness.executor({})
    }, 120_000)
    afterAll(async () => {
      await executor.close()
      await harness.close()
    })

    const runOn = async (module: GuestModule, job: GuestJob, source = SOURCE): Promise<GuestOutcome> => {
      const [outcome] = await executor.run(module, source, [job])
      if (!outcome) throw new Error('the run has no outcome')
      return outcome
    }
    const run = (job: GuestJob, source = SOURCE) => runOn(probe, job, source)

    const expectNoTrace = (outcome: GuestOutcome) => {
      expect(outcome).toMatchObject({ changes: [], privateChanges: [], events: [], xcalls: [], proposals: [] })
      expect(outcome.root).toBeUndefined()
      expect(outcome.artifact).toBeUndefined()
      expect(outcome.value).toBeUndefined()
    }

    describe('calls', () => {
      it('return what the guest returns, and nothing when it does not', async () => {
        expect(text((await run(call('echo', '{"a":1}'))).value)).toBe('{"a":1}')
        expect((await run(call('echo'))).value).toEqual(new Uint8Array(0))
        expect(await run(call('nothing'))).toMatchObject({ status: 'ok', logs: [], changes: [] })
        expect((await run(call('nothing'))).value).toBeUndefined()
        expect(text((await run(call('return_twice'))).value)).toBe('second')
      })

      it('answer with changes, root and artifact, and leave the store alone', async () => {
        const outcome = await run(call('set', entry('k', 'v')))
        expect(outcome.status).toBe('ok')
        expect(shown(outcome.changes)).toEqual([['k', 'v']])
        expect(outcome.root).toEqual(new Uint8Array(32).fill(7))
        expect(outcome.artifact).toEqual({ kind: 'guest', bytes: new Uint8Array(entry('k', 'v')) })
        expect((await run(call('view', entry('k')))).value).toBeUndefined()
      })

      it('see what the store has committed', async () => {
        await commitTo(harness.store, await run(call('set', entry('stored', 'one'))))
        expect(text((await run(call('view', entry('stored')))).value)).toBe('one')
        const replaced = await run(call('set', entry('stored', 'two')))
        expect(text(replaced.value)).toBe('one')
        const removed = await run(call('remove', entry('stored')))
        expect(text(removed.value)).toBe('one')
        expect(shown(removed.changes)).toEqual([['stored', null]])
        expect((await run(call('view', entry('stored')), { ...SOURCE, generation: 1 })).value).toBeUndefined()
      })

      it('see what is staged on top of the store', async () => {
        const staged = [
          { key: utf8('staged'), value: utf8('s') },
          { key: utf8('stored'), value: null },
        ]
        expect(text((await run(call('view', entry('staged')), { ...SOURCE, staged })).value)).toBe('s')
        expect((await run(call('view', entry('stored')), { ...SOURCE, staged })).value).toBeUndefined()
      })

      it('report only keys that ended differently', async () => {
        expect((await run(call('set_and_restore'))).changes).toEqual([])
        expect((await run(call('set', entry('stored', 'one')))).changes).toEqual([])
        expect((await run(call('remove', entry('never there')))).changes).toEqual([])
      })

      it('keep private keys apart from shared ones', async () => {
        const outcome = await run(call('private_set', entry('p', 'mine')))
        expect(outcome.changes).toEqual([])
        expect(shown(outcome.privateChanges)).toEqual([['p', 'mine']])
        await commitTo(harness.store, outcome)
        expect(text((await run(call('private_get', entry('p')))).value)).toBe('mine')
        expect((await run(call('view', entry('p')))).value).toBeUndefined()
      })

      it('take keys of any length up to a mebibyte', async () => {
        expect(shown((await run(call('set', entry('x')))).changes)).toEqual([['x', '']])
        const long = 'l'.repeat(200)
        expect(shown((await run(call('set', entry(long, 'v')))).changes)).toEqual([[long, 'v']])
      })
    })

    describe('failures leave no trace', () => {
      it('Err after commit', async () => {
        const outcome = await run(call('fail_after_commit', entry('k', 'v')))
        expect(outcome.status).toBe('error')
        expect(outcome.error?.kind).toBe('guest_error')
        expect(text(outcome.error?.value)).toBe('"no such thing"')
        expect(outcome.logs).toEqual(['about to fail'])
        expectNoTrace(outcome)
      })

      it.each([
        ['panic_with_text', 'panic', /^boom at probe\.rs:12:34$/],
        ['panic_without_text', 'panic', /^explicit panic at probe\.rs:12:34$/],
        ['crash', 'trap', /unreachable/],
        ['hog_until_trap', 'trap', /unreachable/],
        ['recurse', 'stack_overflow', /stack/],
        ['unknown_import', 'unsupported', /env\.does_not_exist/],
        ['unknown_module', 'unsupported', /wasi_snapshot_preview1\.fd_write/],
        ['unsupported_import', 'unsupported', /blob_create is not supported yet/],
        ['commit_twice', 'host_error', /commit was called twice/],
        ['commit_short_root', 'host_error', /31 bytes/],
        ['return_bad_tag', 'host_error', /tag 2/],
        ['read_unset_register', 'host_error', /register 99/],
        ['bad_pointer', 'host_error', /memory it does not have/],
        ['bad_length', 'host_error', /memory it does not have/],
        ['bad_descriptor', 'host_error', /memory it does not have/],
        ['bad_text', 'host_error', /UTF-8/],
        ['too_many_registers', 'limit', /registers: 101 exceeds the limit of 100/],
        ['too_many_logs', 'limit', /log messages/],
        ['too_long_log', 'limit', /log message/],
        ['too_many_events', 'limit', /events/],
        ['too_long_key', 'limit', /storage key/],
        ['too_large_value', 'limit', /storage value/],
        ['too_many_writes', 'limit', /storage writes/],
        ['too_many_xcalls', 'limit', /calls to other contexts/],
      ])('%s', async (method, kind, message) => {
        const outcome = await run(call(method))
        expect(outcome).toMatchObject({ status: 'trap', error: { kind } })
        expect(outcome.error?.message).toMatch(message)
        expectNoTrace(outcome)
      })

      it.each([
        ['missing', 'method_not_found'],
        ['memory', 'invalid_signature'],
        ['takes_an_argument', 'invalid_signature'],
        ['', 'method_not_found'],
        ['no/such', 'method_not_found'],
        ['m'.repeat(257), 'method_not_found'],
      ])('method %j', async (method, kind) => {
        const outcome = await run(call(method))
        expect(outcome).toMatchObject({ status: 'error', error: { kind } })
        expectNoTrace(outcome)
      })

      it('only as much memory as the limit is given', async () => {
        expect(text((await run(call('hog'))).value)).toMatch(/^10(0|1|2)\d$/)
        expect(Number(text((await run(call('hog'))).value))).toBeLessThanOrEqual(LIMITS.memoryPages)
      })
    })

    describe('surroundings', () => {
      it('are those of the job', async () => {
        const plain = (await run(call('identity'))).value
        expect(toHex(plain?.subarray(0, 128) ?? utf8(''))).toBe(
          'c0'.repeat(32) + '01'.repeat(32) + '02'.repeat(32) + '03'.repeat(32),
        )
        expect(plain?.[128]).toBe(0)
        const origin = new Uint8Array(32).fill(5)
        const called = (await run(call('identity', '', { env: { ...ENV, xcallOrigin: origin } }))).value
        expect(called?.[128]).toBe(1)
        expect(toHex(called?.subarray(129) ?? utf8(''))).toBe('05'.repeat(32))
      })

      it('give a time that only rises, and say where it ended', async () => {
        const outcome = await run(call('times'))
        const view = Buffer.from(outcome.value ?? [])
        const stamps = [0, 8, 16].map((at) => view.readBigUInt64LE(at))
        expect(stamps).toEqual([ENV.timeNs, ENV.timeNs + 1000n, ENV.timeNs + 2000n])
        const last = stamps.at(-1) ?? 0n
        expect(outcome.timeNs).toBeGreaterThanOrEqual(last)
        expect(outcome.timeNs - last).toBeLessThan(31_000n)
        const next = await run(call('times', '', { env: { ...ENV, timeNs: outcome.timeNs + 1n } }))
        const grain = (ns: bigint) => (ns * 65_536n) / 1_000_000_000n
        expect(grain(Buffer.from(next.value ?? []).readBigUInt64LE(0))).toBeGreaterThan(grain(last))
      })

      it('give random bytes, the same for the same seed', async () => {
        const draw = async (env: GuestEnv) => toHex((await run(call('random', '', { env }))).value ?? utf8(''))
        const seeded = { ...ENV, randomSeed: utf8('seed') }
        expect(await draw(seeded)).toBe(await draw(seeded))
        expect(await draw(seeded)).not.toBe(await draw({ ...ENV, randomSeed: utf8('other') }))
        expect(await draw(ENV)).not.toBe(await draw(ENV))
      })

      it('record what the guest says and asks for', async () => {
        const outcome = await run(call('speak'))
        expect(outcome.logs).toEqual(['hello ✓'])
        expect(outcome.events.map((event) => ({ ...event, data: fromUtf8(event.data) }))).toEqual([
          { kind: 'Plain', data: '{"a":1}' },
          { kind: 'Handled', data: '', handler: 'on_handled' },
          { kind: 'Unhandled', data: 'x' },
        ])
        expect(text(outcome.migrationWitness)).toBe('witness')
        expect(outcome.xcalls).toEqual([
          { contextId: new Uint8Array(32).fill(9), method: 'ping', params: new Uint8Array(utf8('{}')) },
        ])
      })

      it('record proposals under a new id', async () => {
        const outcome = await run(call('propose'))
        expect(outcome.proposals).toEqual([{ id: outcome.value, actions: new Uint8Array(utf8('actions')) }])
        expect(outcome.approvals).toEqual([outcome.value])
      })

      it('have no network', async () => {
        const outcome = await run(call('request'))
        expect(outcome.logs).toEqual(['1'])
        expect(text(outcome.value)).toMatch(/disabled/)
      })

      it('verify Ed25519 signatures, and trap on a key that is none', async () => {
        const key = signingKeyFromSeed(new Uint8Array(32).fill(4))
        const message = utf8('message')
        const publicKey = Buffer.from(key.publicKey, 'hex')
        const signed = concat([key.sign(message), publicKey, message])
        expect(text((await run(call('verify', signed))).value)).toBe('1')
        expect(text((await run(call('verify', concat([signed, utf8('!')])))).value)).toBe('0')
        const noKey = concat([key.sign(message), Uint8Array.of(2, ...new Uint8Array(31)), message])
        expect((await run(call('verify', noKey))).error?.message).toMatch(/does not decode/)
      })

      it('answer about registers as the ABI says', async () => {
        expect(text((await run(call('registers', 'four'))).value)).toBe('true 4 0 0 4')
      })
    })

    describe('older guests', () => {
      it('pass buffers as pointer and length', async () => {
        const flat = await compileGuest('flat')
        expect((await executor.inspect(flat)).abi).toBe('flat')
        const outcome = await runOn(flat, call('tour', 'value'))
        expect(outcome.error).toBeUndefined()
        expect(outcome.logs).toEqual(['0 1 1 1'])
        expect(text(outcome.value)).toBe('value')
        expect(shown(outcome.changes)).toEqual([['short', 'value']])
        expect(text(outcome.artifact?.bytes)).toBe('value')
        expect(outcome.events).toHaveLength(1)
        expect(outcome.proposals.map((proposal) => proposal.id)).toEqual(outcome.approvals)
        expect((await runOn(flat, call('fails'))).error).toMatchObject({ kind: 'guest_error', message: '"no"' })
        expect((await runOn(flat, call('panics'))).error?.message).toBe('old boom at old.rs:7:9')
        expect((await runOn(flat, call('panics_without_text'))).error?.message).toBe('explicit panic at old.rs:7:9')
      })
    })

    describe('runs of several jobs', () => {
      it('show a job the kept changes of earlier ones, and no others', async () => {
        const outcomes = await executor.run(probe, SOURCE, [
          call('set', entry('a', '1'), { keep: true }),
          call('set', entry('b', '2'), { keep: false }),
          call('fail_after_commit', entry('c', '3'), { keep: true }),
          call('private_set', entry('d', '4'), { keep: true }),
          ...['a', 'b', 'c'].map((key) => call('view', entry(key))),
          call('private_get', entry('d')),
        ])
        expect(outcomes.slice(4).map((outcome) => text(outcome.value))).toEqual(['1', undefined, undefined, '4'])
        const later = await run(call('view', entry('a')))
        expect(later.value).toBeUndefined()
      })

      it('hand over large values whole, kept or not', async () => {
        const large = 'v'.repeat(3_000_000)
        const outcomes = await executor.run(probe, SOURCE, [
          call('set', entry('large', large), { keep: true }),
          call('view', entry('large')),
          call('view', entry('large')),
        ])
        expect(text(outcomes[0]?.changes[0]?.value ?? undefined)).toBe(large)
        expect(text(outcomes[1]?.value)).toBe(large)
        expect(text(outcomes[2]?.value)).toBe(large)
      })

      it('are empty without jobs', async () => {
        expect(await executor.run(probe, SOURCE, [])).toEqual([])
      })
    })

    describe('applies', () => {
      it('change the state and pass nothing on', async () => {
        const outcome = await run(apply(entry('k', 'v')))
        expect(outcome.status).toBe('ok')
        expect(shown(outcome.changes).find(([key]) => key === 'k')).toEqual(['k', 'v'])
        expect(outcome.root).toEqual(new Uint8Array(32).fill(7))
        expect(outcome.artifact).toBeUndefined()
        expect(outcome.events).toEqual([])
      })

      it('are the same every time, random bytes included', async () => {
        const first = await run(apply(entry('k', 'v')))
        expect((await run(apply(entry('k', 'v')))).changes).toEqual(first.changes)
        expect((await run(apply(entry('k', 'w')))).changes).not.toEqual(first.changes)
      })

      it('fail as a trap or an error with its reason', async () => {
        expect(await run(apply(entry('')))).toMatchObject({ status: 'trap', error: { kind: 'trap' }, changes: [] })
        expect(await run(apply(entry('err')))).toMatchObject({ error: { kind: 'guest_error', message: '"refused"' } })
      })

      it('go on after one that failed', async () => {
        const outcomes = await executor.run(probe, SOURCE, [
          apply(entry('a', '1'), { keep: true }),
          apply(entry(''), { keep: true }),
          apply(entry('b', '2'), { keep: true }),
          call('view', entry('b')),
        ])
        expect(outcomes.map((outcome) => outcome.status)).toEqual(['ok', 'trap', 'ok', 'ok'])
        expect(text(outcomes[3]?.value)).toBe('2')
      })

      it('need a module that can', async () => {
        const outcome = await runOn(await compileGuest('flat'), apply(entry('k')))
        expect(outcome.error).toMatchObject({ kind: 'method_not_found' })
      })
    })

    it('a failing __calimero_register_merge does not matter, and leaves no trace', async () => {
      const input = Uint8Array.of(0xff, 1)
      const outcome = await run(call('echo', input))
      expect(outcome.value).toEqual(input)
      expect(outcome.changes).toEqual([])
    })

    describe('modules that cannot run', () => {
      const memory = MEMORY_SECTIONS.memory(1)
      it.each([
        ['text', utf8('not wasm'), /does not start|do not start/],
        ['cut short', rawModule(memory, MEMORY_SECTIONS.export).subarray(0, 14), /ends early/],
        ['without an exported memory', rawModule(memory), /does not export its memory/],
        ['without a memory', rawModule(), /0 memories/],
        ['with a memory over the limit', rawModule(MEMORY_SECTIONS.memory(1025), MEMORY_SECTIONS.export), /1025 units/],
        ['with a 64-bit memory', rawModule(MEMORY_SECTIONS.memory(1, 4), MEMORY_SECTIONS.export), /shared or 64-bit/],
        [
          'with an imported memory',
          rawModule([2, [1, ...nameBytes('env'), ...nameBytes('memory'), 2, 0, 1]], MEMORY_SECTIONS.export),
          /imports "env.memory"/,
        ],
        ['with garbage-collected types', rawModule([1, [1, 0x5f, 0]]), /garbage-collected/],
        ['with a body that does not validate', rawModule(memory, MEMORY_SECTIONS.export, [10, [1, 1, 0]]), /valid/],
        [
          'with _start',
          rawModule([1, [1, 0x60, 0, 0]], [3, [1, 0]], memory, [
            7,
            [2, ...nameBytes('memory'), 2, 0, ...nameBytes('_start'), 0, 0],
          ]),
          /_start/,
        ],
      ])('%s', async (_, bytes, message) => {
        const module = moduleOf(new Uint8Array(bytes))
        await expect(executor.inspect(module)).rejects.toThrow(message)
        await expect(executor.run(module, SOURCE, [call('echo')])).rejects.toMatchObject({ code: 'MODULE_INVALID' })
      })

      it('too large', async () => {
        const module = moduleOf(new Uint8Array(LIMITS.moduleBytes + 1))
        await expect(executor.inspect(module)).rejects.toMatchObject({ code: 'MODULE_TOO_LARGE' })
      })
    })

    describe('endless guests', () => {
      let limited: GuestExecutor
      beforeAll(() => {
        limited = harness.executor({ timeLimitMs: 1_500 })
      })
      afterAll(() => limited.close())

      it('end at the time limit; the run ends there too, and the next works', async () => {
        const outcomes = await limited.run(probe, SOURCE, [call('echo', 'before'), call('spin'), call('echo', 'never')])
        expect(outcomes.map((outcome) => outcome.error?.kind)).toEqual([undefined, 'timeout'])
        expect(outcomes.map(isMachineFailure)).toEqual([false, true])
        const [next] = await limited.run(probe, SOURCE, [call('echo', 'after')])
        expect(text(next?.value)).toBe('after')
      })
    })

    it('a run refuses an aborted signal with its reason', async () => {
      const reason = new Error('enough')
      const options: RunOptions = { signal: AbortSignal.abort(reason) }
      await expect(executor.run(probe, SOURCE, [call('echo')], options)).rejects.toBe(reason)
    })

    it('a closed executor refuses work, and closes again', async () => {
      const closing = harness.executor({})
      await closing.run(probe, SOURCE, [call('echo')])
      await closing.close()
      await closing.close()
      await expect(closing.run(probe, SOURCE, [call('echo')])).rejects.toMatchObject({ code: 'EXECUTOR_CLOSED' })
      await expect(closing.inspect(probe)).rejects.toMatchObject({ code: 'EXECUTOR_CLOSED' })
    })
  })
}
