// Files with lists of steps that a workflow includes: found beside the file that names them, read through a port, each
// parsed once, within limits.

import { hasPlaceholder } from '../../values/placeholders.ts'
import { didYouMean } from '../did-you-mean.ts'
import { INCLUDE_DEPTH_MAX, INCLUDED_FILES_MAX, INCLUDED_VALUES_MAX, INCLUSIONS_MAX } from '../limits.ts'
import type { Problem, ProblemCollector } from '../problem.ts'
import { entryOf, type MapNode, type SourceNode, startOf, type ValuePath } from '../yaml/source-node.ts'
import { readYaml } from '../yaml/yaml-source.ts'
import { isExtra } from './misspelt-keys.ts'

/** What was found under the name of an included file. */
export type SeenText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly reason: string }

/** Asked for each included file, by its name relative to the directory the workflow's own name is relative to. */
export type ReadIncluded = (file: string) => SeenText

/** A file that is being read, and how it came to that. */
export interface SourceFile {
  readonly file: string
  readonly problems: ProblemCollector
  /** The files that include it, from the workflow itself on. */
  readonly above: readonly string[]
}

export interface IncludedFile {
  readonly source: SourceFile
  readonly steps: SourceNode
  /** Where the steps stand in it. */
  readonly path: ValuePath
  readonly name?: SourceNode
  readonly vars?: SourceNode
}

interface Parsed {
  readonly root: SourceNode | undefined
  readonly problems: ProblemCollector
  readonly values: number
}

const KNOWN_KEYS = ['steps', 'vars', 'name', 'description']

export class IncludedFiles {
  private readonly read: ReadIncluded | undefined
  private readonly parsed = new Map<string, Parsed>()
  private readonly texts = new Map<string, string>()
  private inclusions = 0
  private values = 0

  constructor(read: ReadIncluded | undefined) {
    this.read = read
  }

  /** The file that a step names, or undefined: the problem has been reported at the step. */
  open(node: SourceNode, written: string, path: ValuePath, from: SourceFile): IncludedFile | undefined {
    const refuse = (code: Problem['code'], message: string, hint?: string): undefined => {
      from.problems.add({ code, span: startOf(node), path, message, hint })
    }
    if (hasPlaceholder(written)) {
      const hint = 'name the file itself, or include several files under "if"'
      return refuse('wrong_value', 'a placeholder cannot stand here: the file is read before the run', hint)
    }
    const file = besideFile(from.file, written)
    const chain = [...from.above, from.file]
    if (chain.includes(file)) {
      const circle = [...chain.slice(chain.indexOf(file)), file].join(' → ')
      return refuse('include_cycle', `the file includes itself: ${circle}`)
    }
    if (chain.length > INCLUDE_DEPTH_MAX) {
      return refuse('file_too_large', `files are included deeper than ${INCLUDE_DEPTH_MAX} levels`)
    }
    this.inclusions += 1
    if (this.inclusions > INCLUSIONS_MAX) {
      return refuse('file_too_large', `files are included more than ${INCLUSIONS_MAX} times in all`)
    }
    const parsed = this.parse(file, refuse)
    if (parsed?.root === undefined) return undefined
    this.values += parsed.values
    if (this.values > INCLUDED_VALUES_MAX) {
      return refuse('file_too_large', `the included files have more than ${INCLUDED_VALUES_MAX} values together`)
    }
    return stepsOf(parsed.root, { file, problems: parsed.problems, above: chain })
  }

  /** Of all files that were read, in the order of their inclusion. */
  problems(): Problem[] {
    return [...this.parsed.values()].flatMap(({ problems }) => problems.problems())
  }

  get hasErrors(): boolean {
    return [...this.parsed.values()].some(({ problems }) => problems.hasErrors)
  }

  /** For frames around places. */
  sources(): ReadonlyMap<string, string> {
    return this.texts
  }

  private parse(
    file: string,
    refuse: (code: Problem['code'], message: string, hint?: string) => undefined,
  ): Parsed | undefined {
    const known = this.parsed.get(file)
    if (known !== undefined) return known
    if (this.parsed.size >= INCLUDED_FILES_MAX) {
      return refuse('file_too_large', `more than ${INCLUDED_FILES_MAX} files are included`)
    }
    const seen = this.read?.(file) ?? { kind: 'unreadable', reason: 'files cannot be included here' }
    if (seen.kind === 'absent') {
      const hint = 'included files are looked for beside the file that names them'
      return refuse('missing_file', `the file ${file} does not exist`, hint)
    }
    if (seen.kind === 'unreadable') return refuse('unusable_file', `the file ${file} cannot be read: ${seen.reason}`)
    const { root, problems } = readYaml(file, seen.text)
    const parsed = { root, problems, values: root === undefined ? 0 : countValues(root) }
    this.parsed.set(file, parsed)
    this.texts.set(file, seen.text)
    return parsed
  }
}

/** A list of steps, or a map with `steps`, which may be a whole workflow: what else it has is not for here. */
function stepsOf(root: SourceNode, source: SourceFile): IncludedFile | undefined {
  if (root.kind === 'list') return { source, steps: root, path: [] }
  const steps = root.kind === 'map' ? entryOf(root, 'steps')?.value : undefined
  if (root.kind !== 'map' || steps === undefined) {
    const message = 'an included file must be a list of steps, or a map with "steps"'
    source.problems.add({ code: 'missing_field', span: startOf(root), path: [], message })
    return undefined
  }
  noteOtherKeys(root, source)
  const name = entryOf(root, 'name')?.value
  const vars = entryOf(root, 'vars')?.value
  return { source, steps, path: ['steps'], ...(name && { name }), ...(vars && { vars }) }
}

function noteOtherKeys(root: MapNode, { problems }: SourceFile): void {
  for (const { key, keySpan } of root.entries) {
    if (KNOWN_KEYS.includes(key) || isExtra(key)) continue
    const message = `"${key}" has no effect in an included file: only its steps and vars are taken`
    const hint = didYouMean(key, KNOWN_KEYS)
    problems.add({ severity: 'warning', code: 'unknown_field', span: keySpan, path: [key], message, hint })
  }
}

/** Without a file system: `a/b.yml` that names `../c.yml` means `c.yml`. */
export function besideFile(file: string, written: string): string {
  if (/^[/~]/.test(written)) return normal(written)
  const folder = file.includes('/') ? file.replace(/\/[^/]*$/, '/') : ''
  return normal(`${folder}${written}`)
}

function normal(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (part !== '..' || !path.startsWith('/')) parts.push(part)
  }
  return `${path.startsWith('/') ? '/' : ''}${parts.join('/')}`
}

function countValues(node: SourceNode): number {
  if (node.kind === 'scalar') return 1
  const below = node.kind === 'list' ? node.items : node.entries.map(({ value }) => value)
  return below.reduce((sum, each) => sum + countValues(each), 1)
}
