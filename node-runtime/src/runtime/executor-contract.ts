// What every GuestExecutor does, run on each implementation. The parts are in `testing/`.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GuestExecutor, GuestModule, RunOptions } from './guest-executor.ts'
import { appliesContract } from './testing/applies-contract.ts'
import { blobsContract } from './testing/blobs-contract.ts'
import { callsContract } from './testing/calls-contract.ts'
import { call, SOURCE } from './testing/executor-fixture.ts'
import type { ExecutorHarness, Subject } from './testing/executor-subject.ts'
import { failuresContract } from './testing/failures-contract.ts'
import { modulesContract } from './testing/modules-contract.ts'
import { surroundingsContract } from './testing/surroundings-contract.ts'
import { compileGuest } from './testing/test-guests.ts'

export function executorContract(name: string, create: () => Promise<ExecutorHarness>): void {
  describe(`${name} executor`, () => {
    let harness: ExecutorHarness
    let executor: GuestExecutor
    let probe: GuestModule
    beforeAll(async () => {
      probe = await compileGuest('probe')
      harness = await create()
      executor = harness.executor({})
      // Workers start with the first run; no test should have to wait for that.
      await executor.run(probe, SOURCE, [call('nothing')])
    }, 120_000)
    afterAll(async () => {
      await executor.close()
      await harness.close()
    })

    const subject: Subject = {
      get harness() {
        return harness
      },
      get executor() {
        return executor
      },
      get probe() {
        return probe
      },
      run: (job, source) => subject.runOn(probe, job, source),
      async runOn(module, job, source = SOURCE) {
        const [outcome] = await executor.run(module, source, [job])
        if (!outcome) throw new Error('the run has no outcome')
        return outcome
      },
    }

    callsContract(subject)
    failuresContract(subject)
    surroundingsContract(subject)
    blobsContract(subject)
    appliesContract(subject)
    modulesContract(subject)
    lifeCycleContract(subject)
  })
}

function lifeCycleContract(subject: Subject): void {
  it('a failing __calimero_register_merge does not matter, and leaves no trace', async () => {
    const input = Uint8Array.of(0xff, 1)
    const outcome = await subject.run(call('echo', input))
    expect(outcome.value).toEqual(input)
    expect(outcome.changes).toEqual([])
  })

  it('a run refuses an aborted signal with its reason', async () => {
    const reason = new Error('enough')
    const options: RunOptions = { signal: AbortSignal.abort(reason) }
    await expect(subject.executor.run(subject.probe, SOURCE, [call('echo')], options)).rejects.toBe(reason)
  })

  it('a closed executor refuses work, and closes again', async () => {
    const closing = subject.harness.executor({})
    await closing.run(subject.probe, SOURCE, [call('echo')])
    await closing.close()
    await closing.close()
    await expect(closing.run(subject.probe, SOURCE, [call('echo')])).rejects.toMatchObject({ code: 'EXECUTOR_CLOSED' })
    await expect(closing.inspect(subject.probe)).rejects.toMatchObject({ code: 'EXECUTOR_CLOSED' })
  })
}
