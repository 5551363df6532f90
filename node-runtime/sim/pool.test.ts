import { expect, it } from 'vitest'
import { runSeeds, type SeedJob } from './pool.ts'

/** Of applications that keep their own state: short ones. */
const jobs = Array.from(
  { length: 6 },
  (_, index): SeedJob => ({ seed: 31_000_000 + index, only: 'guest', pinned: false }),
)

it('once it is stopped no seed is answered any more, those that run included', async () => {
  const enough = new AbortController()
  const answered: number[] = []
  await runSeeds(jobs, {
    workers: 2,
    stop: enough.signal,
    onAnswer: (_, job) => {
      answered.push(job.seed)
      enough.abort()
    },
  })
  expect(answered).toHaveLength(1)
})
