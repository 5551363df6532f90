// Python's `re.search` on texts, for no longer than a limit: patterns are those of users, and one such as `^(a+)+$` can take years
// on thirty signs, with the whole process standing still. V8 can end a regular expression only where a script is
// ended, so it runs as one.

import { createContext, Script } from 'node:vm'
import { REGEX_MAX_MS } from '../limits.ts'
import { ValuesError } from '../values-error.ts'
import { pythonRegex } from './python-regex.ts'

const SEARCH = new Script('texts.map((text) => pattern.test(text))')
let sandbox: { pattern?: RegExp | undefined; texts?: readonly string[] | undefined } | undefined

/**
 * Which of the texts the pattern is found in. Throws what `pythonRegex` throws, and `regex_limit` where all of them together
 * take longer than `limitMs`.
 */
export function pythonSearch(pattern: string, texts: readonly string[], limitMs = REGEX_MAX_MS): readonly boolean[] {
  sandbox ??= createContext({})
  sandbox.pattern = pythonRegex(pattern)
  sandbox.texts = texts
  try {
    const found: unknown = SEARCH.runInContext(sandbox, { timeout: limitMs })
    return Array.from(found as Iterable<boolean>)
  } catch (error) {
    if (!isTimeOver(error)) throw error
    const longest = Math.max(...texts.map(({ length }) => length))
    const message = `the pattern ${JSON.stringify(pattern)} was given up after ${limitMs / 1000} s on ${where(texts.length, longest)}: a repetition inside a repetition, such as (a+)+, tries everything; write it without`
    throw new ValuesError('regex_limit', message, { pattern })
  } finally {
    sandbox.pattern = undefined
    sandbox.texts = undefined
  }
}

/** By its code: the error may be made in another realm. */
function isTimeOver(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
}

function where(count: number, longest: number): string {
  return count === 1 ? `a text of ${longest} characters` : `${count} texts of up to ${longest} characters`
}
