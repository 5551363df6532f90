// Part of the executor contract: what a call returns and changes, and what it sees.
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import type { GuestOutcome } from '../guest-executor.ts'
import { call, commitTo, ENV, entry, SOURCE } from './executor-fixture.ts'
import type { Subject } from './executor-subject.ts'
import { shown, text } from './executor-subject.ts'
import { compileGuest } from './test-guests.ts'

export function callsContract(subject: Subject): void {
  describe('calls', () => {
    it('return what the guest returns, and nothing when it does not', async () => {
      expect(text((await subject.run(call('echo', '{"a":1}'))).value)).toBe('{"a":1}')
      expect((await subject.run(call('echo'))).value).toEqual(new Uint8Array(0))
      expect(await subject.run(call('nothing'))).toMatchObject({ status: 'ok', logs: [], changes: [] })
      expect((await subject.run(call('nothing'))).value).toBeUndefined()
      expect(text((await subject.run(call('return_twice'))).value)).toBe('second')
    })

    it('answer with changes, root and artifact, and leave the store alone', async () => {
      const outcome = await subject.run(call('set', entry('k', 'v')))
      expect(outcome.status).toBe('ok')
      expect(shown(outcome.changes)).toEqual([['k', 'v']])
      expect(outcome.root).toEqual(new Uint8Array(32).fill(7))
      expect(outcome.artifact).toEqual({ kind: 'guest', bytes: new Uint8Array(entry('k', 'v')) })
      expect((await subject.run(call('view', entry('k')))).value).toBeUndefined()
    })

    it('see what the store has committed', async () => {
      await commitTo(subject.harness.store, await subject.run(call('set', entry('stored', 'one'))))
      expect(text((await subject.run(call('view', entry('stored')))).value)).toBe('one')
      const replaced = await subject.run(call('set', entry('stored', 'two')))
      expect(text(replaced.value)).toBe('one')
      const removed = await subject.run(call('remove', entry('stored')))
      expect(text(removed.value)).toBe('one')
      expect(shown(removed.changes)).toEqual([['stored', null]])
      expect((await subject.run(call('view', entry('stored')), { ...SOURCE, generation: 1 })).value).toBeUndefined()
    })

    it('see what is staged on top of the store', async () => {
      const staged = [
        { key: utf8('staged'), value: utf8('s') },
        { key: utf8('stored'), value: null },
      ]
      expect(text((await subject.run(call('view', entry('staged')), { ...SOURCE, staged })).value)).toBe('s')
      expect((await subject.run(call('view', entry('stored')), { ...SOURCE, staged })).value).toBeUndefined()
    })

    it('report only keys that ended differently', async () => {
      expect((await subject.run(call('set_and_restore'))).changes).toEqual([])
      expect((await subject.run(call('set', entry('stored', 'one')))).changes).toEqual([])
      expect((await subject.run(call('remove', entry('never there')))).changes).toEqual([])
    })

    it('keep private keys apart from shared ones', async () => {
      const outcome = await subject.run(call('private_set', entry('p', 'mine')))
      expect(outcome.changes).toEqual([])
      expect(shown(outcome.privateChanges)).toEqual([['p', 'mine']])
      await commitTo(subject.harness.store, outcome)
      expect(text((await subject.run(call('private_get', entry('p')))).value)).toBe('mine')
      expect((await subject.run(call('view', entry('p')))).value).toBeUndefined()
    })

    it('take keys of any length up to a mebibyte', async () => {
      expect(shown((await subject.run(call('set', entry('x')))).changes)).toEqual([['x', '']])
      const long = 'l'.repeat(200)
      expect(shown((await subject.run(call('set', entry(long, 'v')))).changes)).toEqual([[long, 'v']])
    })
  })

  describe('older guests', () => {
    it('pass buffers as pointer and length', async () => {
      const flat = await compileGuest('flat')
      expect((await subject.executor.inspect(flat)).abi).toBe('flat')
      const outcome = await subject.runOn(flat, call('tour', 'value'))
      expect(outcome.error).toBeUndefined()
      expect(outcome.logs).toEqual(['0 1 1 1'])
      expect(text(outcome.value)).toBe('value')
      expect(shown(outcome.changes)).toEqual([['short', 'value']])
      expect(text(outcome.artifact?.bytes)).toBe('value')
      expect(outcome.events).toHaveLength(1)
      expect(outcome.proposals.map((proposal) => proposal.id)).toEqual(outcome.approvals)
      expect((await subject.runOn(flat, call('fails'))).error).toMatchObject({ kind: 'guest_error', message: '"no"' })
      expect((await subject.runOn(flat, call('panics'))).error?.message).toBe('old boom at old.rs:7:9')
      expect((await subject.runOn(flat, call('panics_without_text'))).error?.message).toBe(
        'explicit panic at old.rs:7:9',
      )
    })
  })

  describe('runs of several jobs', () => {
    it('show a job the kept changes of earlier ones, and no others', async () => {
      const outcomes = await subject.executor.run(subject.probe, SOURCE, [
        call('set', entry('a', '1'), { keep: true }),
        call('set', entry('b', '2'), { keep: false }),
        call('fail_after_commit', entry('c', '3'), { keep: true }),
        call('private_set', entry('d', '4'), { keep: true }),
        ...['a', 'b', 'c'].map((key) => call('view', entry(key))),
        call('private_get', entry('d')),
      ])
      expect(outcomes.slice(4).map((outcome) => text(outcome.value))).toEqual(['1', undefined, undefined, '4'])
      const later = await subject.run(call('view', entry('a')))
      expect(later.value).toBeUndefined()
    })

    it('hand over large values whole, kept or not', async () => {
      const large = 'v'.repeat(3_000_000)
      const outcomes = await subject.executor.run(subject.probe, SOURCE, [
        call('set', entry('large', large), { keep: true }),
        call('view', entry('large')),
        call('view', entry('large')),
      ])
      expect(text(outcomes[0]?.changes[0]?.value ?? undefined)).toBe(large)
      expect(text(outcomes[1]?.value)).toBe(large)
      expect(text(outcomes[2]?.value)).toBe(large)
    })

    it('hand over each outcome as it is there, and start each call after those before it', async () => {
      const told: bigint[] = []
      const jobs = ['a', 'b', 'c'].map((key) => call('set', entry(key, key), { keep: true }))
      const options = { onOutcome: ({ timeNs }: GuestOutcome) => void told.push(timeNs) }
      const outcomes = await subject.executor.run(subject.probe, SOURCE, jobs, options)
      const times = outcomes.map(({ timeNs }) => timeNs)
      expect(told).toEqual(times)
      expect(times.every((timeNs, index) => index === 0 || timeNs > (times[index - 1] ?? 0n))).toBe(true)
      expect(outcomes.map(({ beganNs }) => beganNs)).toEqual([ENV.timeNs, ...times.slice(0, -1).map((ns) => ns + 1n)])
    })

    it('are empty without jobs', async () => {
      expect(await subject.executor.run(subject.probe, SOURCE, [])).toEqual([])
    })
  })
}
