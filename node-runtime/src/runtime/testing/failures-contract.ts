// Part of the executor contract: how a job fails, and that nothing of it remains.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GuestExecutor, isMachineFailure } from '../guest-executor.ts'
import { LIMITS } from '../limits.ts'
import { call, entry, SOURCE } from './executor-fixture.ts'
import type { Subject } from './executor-subject.ts'
import { expectNoTrace, text } from './executor-subject.ts'

export function failuresContract(subject: Subject): void {
  describe('failures leave no trace', () => {
    it('Err after commit', async () => {
      const outcome = await subject.run(call('fail_after_commit', entry('k', 'v')))
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
      ['hog_until_trap', 'limit', /^the guest reached the memory limit of 64 MiB$/],
      ['recurse', 'stack_overflow', /stack/],
      ['unknown_import', 'unsupported', /env\.does_not_exist/],
      ['unknown_module', 'unsupported', /wasi_snapshot_preview1\.fd_write/],
      ['unsupported_import', 'unsupported', /context_members is not supported yet/],
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
      const outcome = await subject.run(call(method))
      expect(outcome).toMatchObject({ status: 'trap', error: { kind } })
      expect(outcome.error?.message).toMatch(message)
      expectNoTrace(outcome)
    })

    it("a write to the node's own entry of the state", async () => {
      const outcome = await subject.run(call('set', entry('calbox/state-version', 'v')))
      expect(outcome).toMatchObject({ status: 'trap', error: { kind: 'host_error' } })
      expect(outcome.error?.message).toMatch(/the storage key calbox\/state-version is the node's own/)
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
      const outcome = await subject.run(call(method))
      expect(outcome).toMatchObject({ status: 'error', error: { kind } })
      expectNoTrace(outcome)
    })

    it('only as much memory as the limit is given', async () => {
      expect(text((await subject.run(call('hog'))).value)).toMatch(/^10(0|1|2)\d$/)
      expect(Number(text((await subject.run(call('hog'))).value))).toBeLessThanOrEqual(LIMITS.memoryPages)
    })
  })

  describe('endless guests', () => {
    let limited: GuestExecutor
    beforeAll(async () => {
      limited = subject.harness.executor({ timeLimitMs: 1_500 })
      await limited.run(subject.probe, SOURCE, [call('nothing')])
    }, 60_000)
    afterAll(() => limited.close())

    it('end at the time limit; the run ends there too, and the next works', async () => {
      const outcomes = await limited.run(subject.probe, SOURCE, [
        call('echo', 'before'),
        call('spin'),
        call('echo', 'never'),
      ])
      expect(outcomes.map((outcome) => outcome.error?.kind)).toEqual([undefined, 'timeout'])
      expect(outcomes.map(isMachineFailure)).toEqual([false, true])
      expect(outcomes[1]?.error?.message).toBe('method "spin": the call ran longer than 1.5 s and was ended')
      const [next] = await limited.run(subject.probe, SOURCE, [call('echo', 'after')])
      expect(text(next?.value)).toBe('after')
    })
  })
}
