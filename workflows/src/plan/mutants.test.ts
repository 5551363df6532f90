// One mistake in a workflow that was good: each is found where it is, with what to write instead.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { seededRandom } from '../steps/control/seeded-random.ts'
import { judgeMutant, MISTAKES, makeMutant } from '../testing/mistakes.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const FILES = globSync('{workflows/examples,apps/*}/*.yml', { cwd: ROOT }).toSorted()

/** `npm run workflow-mutants` makes 300, of a checkout of merobox where there is one. */
test.each(Object.entries(MISTAKES))('%s is found where it is, in every workflow of ours', (name, mistake) => {
  const random = seededRandom(name)
  let made = 0
  for (const file of FILES) {
    const text = readFileSync(path.join(ROOT, file), 'utf8')
    const mutant = makeMutant(file, text, mistake, random)
    if (mutant === undefined) continue
    made += 1
    const { suggested } = judgeMutant(mutant, text)
    expect([`${file}:${mutant.line} ${mutant.was.trim()}`, suggested]).toEqual([expect.any(String), true])
  }
  expect(made).toBeGreaterThan(0)
})
