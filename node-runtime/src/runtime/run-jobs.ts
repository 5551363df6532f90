// The jobs of one run, one after another on one state.
import { type GuestJob, type GuestOutcome, isMachineFailure } from './guest-executor.ts'
import { type JobParts, runJob } from './run-job.ts'

/** Yields each outcome as it is there; ends early with a machine failure, because what follows would depend on it. */
export function* runJobs(jobs: readonly GuestJob[], parts: JobParts): Generator<GuestOutcome, void> {
  let endedNs = 0n
  for (const job of jobs) {
    const outcome = runJob(job.kind === 'call' ? after(endedNs, job) : job, parts)
    if (outcome.status === 'ok' && job.keep) parts.state.keep(outcome)
    endedNs = outcome.timeNs
    yield outcome
    if (isMachineFailure(outcome)) return
  }
}

/** A guest must not find what it sees in its future. The time of an apply is its delta's. */
function after<J extends GuestJob>(timeNs: bigint, job: J): J {
  return job.env.timeNs > timeNs ? job : { ...job, env: { ...job.env, timeNs: timeNs + 1n } }
}
