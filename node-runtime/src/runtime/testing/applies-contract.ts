// Part of the executor contract: applying artifacts.
import { describe, expect, it } from 'vitest'
import { apply, call, entry, SOURCE } from './executor-fixture.ts'
import type { Subject } from './executor-subject.ts'
import { shown, text } from './executor-subject.ts'
import { compileGuest } from './test-guests.ts'

export function appliesContract(subject: Subject): void {
  describe('applies', () => {
    it('change the state and pass nothing on', async () => {
      const outcome = await subject.run(apply(entry('k', 'v')))
      expect(outcome.status).toBe('ok')
      expect(shown(outcome.changes).find(([key]) => key === 'k')).toEqual(['k', 'v'])
      expect(outcome.root).toEqual(new Uint8Array(32).fill(7))
      expect(outcome.artifact).toBeUndefined()
      expect(outcome.events).toEqual([])
    })

    it('are the same every time, random bytes included', async () => {
      const first = await subject.run(apply(entry('k', 'v')))
      expect((await subject.run(apply(entry('k', 'v')))).changes).toEqual(first.changes)
      expect((await subject.run(apply(entry('k', 'w')))).changes).not.toEqual(first.changes)
    })

    it('fail as a trap or an error with its reason', async () => {
      expect(await subject.run(apply(entry('')))).toMatchObject({
        status: 'trap',
        error: { kind: 'trap' },
        changes: [],
      })
      expect(await subject.run(apply(entry('err')))).toMatchObject({
        error: { kind: 'guest_error', message: '"refused"' },
      })
    })

    it('go on after one that failed', async () => {
      const outcomes = await subject.executor.run(subject.probe, SOURCE, [
        apply(entry('a', '1'), { keep: true }),
        apply(entry(''), { keep: true }),
        apply(entry('b', '2'), { keep: true }),
        call('view', entry('b')),
      ])
      expect(outcomes.map((outcome) => outcome.status)).toEqual(['ok', 'trap', 'ok', 'ok'])
      expect(text(outcomes[3]?.value)).toBe('2')
    })

    it('need a module that can', async () => {
      const outcome = await subject.runOn(await compileGuest('flat'), apply(entry('k')))
      expect(outcome.error).toMatchObject({ kind: 'method_not_found' })
    })
  })
}
