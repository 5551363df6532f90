// From what the user wrote to workflow files: names, globs, or the default.
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { CommandError } from '../command-error.ts'
import { fileText } from './file-text.ts'

export const DEFAULT_FILE = 'workflow.yml'

export interface WorkflowFile {
  /** As shown: relative where it is below the working directory. */
  readonly name: string
  readonly text: string
}

/** In the order of the arguments; the matches of a glob by name; each file once. */
export function readWorkflowFiles(cwd: string, given: readonly string[]): WorkflowFile[] {
  const names = given.length === 0 ? [defaultFile(cwd)] : given.flatMap((pattern) => expand(cwd, pattern))
  return [...new Set(names)].map((name) => ({ name, text: readText(cwd, name) }))
}

function defaultFile(cwd: string): string {
  if (existsSync(path.join(cwd, DEFAULT_FILE))) return DEFAULT_FILE
  throw new CommandError('USAGE', `there is no ${DEFAULT_FILE} here; name a file, or write one with: calbox init`)
}

function expand(cwd: string, pattern: string): string[] {
  // A file of that very name comes first: `[a].yml` may be one.
  if (existsSync(path.resolve(cwd, pattern)) || !/[*?[{]/.test(pattern)) return [pattern]
  const found = globSync(pattern, { cwd }).toSorted()
  if (found.length === 0) {
    throw new CommandError('USAGE', `no file matches ${pattern} in ${cwd}; name a file, or another pattern in quotes`)
  }
  return found
}

/** What a shell hands over: the output of a command, or what is written into calbox. */
const HANDED = /^\/(?:dev\/stdin|(?:dev|proc\/self)\/fd\/\d+)$/

function readText(cwd: string, name: string): string {
  const file = path.resolve(cwd, name)
  try {
    const stats = statSync(file)
    const isHanded = (stats.isFIFO() || stats.isSocket()) && HANDED.test(file)
    // A device may have no end, and a pipe nobody who writes: no signal would end the reading of either.
    if (!stats.isFile() && !stats.isDirectory() && !isHanded) throw cannotRead(name, 'it is no regular file')
    return fileText(readFileSync(file))
  } catch (error) {
    if (error instanceof CommandError) throw error
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const where = path.isAbsolute(name) ? '' : ` in ${cwd}`
    const reasons: Record<string, string> = {
      ENOENT: `there is no such file${where}`,
      EISDIR: `it is a folder; to run what is in it, write '${name.replace(/\/+$/, '')}/*.yml'`,
      EACCES: 'permission denied; give this user access to it',
    }
    throw cannotRead(name, reasons[String(code)] ?? String(error))
  }
}

function cannotRead(name: string, why: string): CommandError {
  return new CommandError('USAGE', `cannot read ${name}: ${why}`)
}
