// Puts a planted bug into the text of its source. A mutant that does not fit any more is an error, not a miss.
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import { CodedError } from '../../src/base/errors.ts'
import type { Mutant } from './mutant.ts'

export class MutantError extends CodedError<'MUTANT_STALE'> {}

export function fileOf(mutant: Pick<Mutant, 'file'>): string {
  return fileURLToPath(new URL(`../../src/${mutant.file}`, import.meta.url))
}

/** The mutated source. Throws MUTANT_STALE when `find` is not in it exactly once. */
export function mutated({ name, file, find, replace }: Mutant, source: string): string {
  const count = source.split(find).length - 1
  if (count !== 1) {
    throw new MutantError(
      'MUTANT_STALE',
      `mutant ${name} finds its text ${count} times in ${file}; follow the source with it`,
      { data: { name, file, count } },
    )
  }
  return source.replace(find, () => replace)
}

/** Throws MUTANT_STALE, or a SyntaxError when the mutated source is no TypeScript any more. */
export function checkMutant(mutant: Mutant): void {
  stripTypeScriptTypes(mutated(mutant, readFileSync(fileOf(mutant), 'utf8')))
}
