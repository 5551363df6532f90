// One mistake in a workflow that was good: each is found where it is, with what to write instead.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { seededRandom } from '../steps/control/seeded-random.ts'
import { judgeMutant, MISTAKES, mutantsOf } from '../testing/mistakes.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
/** Not those that are made of several files: only one is read here. */
const FILES = globSync('{workflows/examples,apps/*}/*.yml', { cwd: ROOT })
  .filter((file) => !readFileSync(path.join(ROOT, file), 'utf8').includes('include:'))
  .toSorted()

/** `npm run workflow-mutants` makes 300, of a checkout of merobox where there is one. */
test.each(Object.entries(MISTAKES))('%s is found where it is, in every workflow of ours', (name, mistake) => {
  const random = seededRandom(name)
  let made = 0
  for (const file of FILES) {
    const text = readFileSync(path.join(ROOT, file), 'utf8')
    const mutants = mutantsOf(file, text, mistake)
    if (mutants.length === 0) continue
    const mutant = random.pick(mutants)
    made += 1
    const { suggested } = judgeMutant(mutant, text)
    expect([`${file}:${mutant.line} ${mutant.was.trim()} → ${mutant.is.trim()}`, suggested]).toEqual([
      expect.any(String),
      true,
    ])
  }
  expect(made).toBeGreaterThan(0)
})
