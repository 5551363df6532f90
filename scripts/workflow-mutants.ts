// `npm run workflow-mutants -- --seed N`: 300 different workflows with one mistake each, made of the files of a checkout of merobox
// (CALBOX_MEROBOX) and of our own: each must be refused or warned of at its line, with what to write instead.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { seededRandom } from '../workflows/src/steps/control/seeded-random.ts'
import { judgeMutant, MISTAKES, mutantsOf, shuffled } from '../workflows/src/testing/mistakes.ts'
import { scriptOptions, wholeNumber } from './command-line.ts'

const ROOT = path.resolve(import.meta.dirname, '..')

const { count, seed } = scriptOptions(
  'usage: npm run workflow-mutants -- [--count 300] [--seed 1]',
  {
    count: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
  },
  (given) => ({ count: wholeNumber('count', given.count, 1), seed: wholeNumber('seed', given.seed, 0) }),
)
const checkout = process.env.CALBOX_MEROBOX
const theirs = checkout
  ? globSync('workflow-examples/*.yml', { cwd: checkout }).map((file) => path.join(checkout, file))
  : []
if (theirs.length === 0)
  process.stderr.write('CALBOX_MEROBOX names no checkout of merobox: only our own files are used\n')
const ours = globSync('{workflows/examples,apps/*}/*.yml', { cwd: ROOT }).map((file) => path.join(ROOT, file))
// Not those that are made of several files: only one is read here.
const files = (theirs.length > 0 ? theirs : ours)
  .filter((file) => !readFileSync(file, 'utf8').includes('include:'))
  .toSorted()
const random = seededRandom(`${seed}`)
const each = Math.ceil(count / Object.keys(MISTAKES).length)
let failed = 0
process.stdout.write(`seed ${seed}, ${files.length} files\n`)
for (const [name, mistake] of Object.entries(MISTAKES)) {
  const counts = { made: 0, found: 0, suggested: 0 }
  const all = files.flatMap((file) => {
    const text = readFileSync(file, 'utf8')
    return mutantsOf(path.basename(file), text, mistake).map((mutant) => ({ mutant, text }))
  })
  for (const { mutant, text } of shuffled(all, random).slice(0, each)) {
    counts.made += 1
    const { found, elsewhere, suggested } = judgeMutant(mutant, text)
    if (found.length > 0) counts.found += 1
    if (suggested) counts.suggested += 1
    if (suggested) continue
    failed += 1
    const seen = [...found, ...elsewhere].map(({ line, message }) => `\n    ${line}: ${message}`).join('')
    const what = found.length > 0 ? 'not the right word' : 'not found'
    process.stdout.write(
      `  ${what}: ${name}, ${mutant.file}:${mutant.line}: ${mutant.was.trim()} → ${mutant.is.trim()}${seen}\n`,
    )
  }
  process.stdout.write(
    `${name}: ${counts.made} of ${all.length} made, ${counts.found} at the line, ${counts.suggested} with a suggestion\n`,
  )
}
process.exitCode = failed === 0 ? 0 : 1
