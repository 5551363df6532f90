// The jobs of one run, one after another on one state.
import { type GuestJob, type GuestOutcome, isMachineFailure } from './guest-executor.ts'
import { type JobParts, runJob } from './run-job.ts'

/** Yields each outcome as it is there; ends early with a machine failure, because what follows would depend on it. */
export function* runJobs(jobs: readonly GuestJob[], parts: JobParts): Generator<GuestOutcome, void> {
  for (const job of jobs) {
    const outcome = runJob(job, parts)
    if (outcome.status === 'ok' && job.keep) parts.state.keep(outcome)
    yield outcome
    if (isMachineFailure(outcome)) return
  }
}
