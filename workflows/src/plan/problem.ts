// What plan has to say about a file, and the collector that turns places in the text into lines and columns.

import { PROBLEMS_MAX } from './limits.ts'
import type { Span, ValuePath } from './yaml/source-node.ts'

export type ProblemCode =
  | 'yaml_syntax'
  | 'yaml_duplicate_key'
  | 'yaml_unsupported'
  | 'file_empty'
  | 'file_not_a_map'
  | 'file_too_large'
  | 'missing_field'
  | 'unknown_field'
  | 'removed_field'
  | 'wrong_type'
  | 'wrong_value'
  | 'unknown_kind'
  | 'unsupported_kind'
  | 'kind_check'
  | 'unknown_node'
  | 'duplicate_node'
  | 'missing_file'
  | 'include_cycle'
  | 'unusable_file'
  | 'unknown_variable'
  | 'image_noted'
  | 'lint'
  | 'too_many_problems'

/** `error`: the file cannot be run. `warning`: it can, but not as its author thinks. `note`: worth knowing. */
export type Severity = 'error' | 'warning' | 'note'

export interface Problem {
  readonly severity: Severity
  readonly code: ProblemCode
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly column: number
  /** Characters to mark, at least 1, never beyond the line. */
  readonly length: number
  /** Where in the file's values: `steps[3].args.key`. Empty: the file. */
  readonly path: string
  readonly message: string
  /** What to do. */
  readonly hint?: string
}

export interface Finding {
  readonly code: ProblemCode
  readonly span: Span
  readonly path: ValuePath
  readonly message: string
  readonly hint?: string | undefined
  readonly severity?: Severity | undefined
}

export interface Position {
  readonly line: number
  readonly column: number
}

/** Anything that takes findings: the collector of the file, or a filter in front of it. */
export interface FindingSink {
  add(finding: Finding): void
}

export class ProblemCollector implements FindingSink {
  readonly file: string
  private readonly text: string
  private readonly lineStarts: readonly number[]
  private readonly found: Problem[] = []
  /** A file that is included twice is looked at twice, and says everything once. */
  private readonly known = new Set<string>()
  private left = 0
  /** Of those that are not listed. */
  private errorsLeft = 0

  constructor(file: string, text: string) {
    this.file = file
    this.text = text
    this.lineStarts = lineStartsOf(text)
  }

  add(finding: Finding): void {
    if (this.found.length >= PROBLEMS_MAX) {
      this.left += 1
      if ((finding.severity ?? 'error') === 'error') this.errorsLeft += 1
      return
    }
    const { line, column } = this.position(finding.span.start)
    const same = `${line}:${column} ${finding.severity} ${finding.code} ${finding.message}`
    if (this.known.has(same)) return
    this.known.add(same)
    const lineEnd = this.text.indexOf('\n', finding.span.start)
    const end = Math.min(finding.span.end, lineEnd < 0 ? this.text.length : lineEnd)
    this.found.push({
      severity: finding.severity ?? 'error',
      code: finding.code,
      file: this.file,
      line,
      column,
      length: Math.max(1, end - finding.span.start),
      path: pathText(finding.path),
      message: finding.message,
      ...(finding.hint === undefined ? {} : { hint: finding.hint }),
    })
  }

  position(offset: number): Position {
    let low = 0
    let high = this.lineStarts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.lineStarts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: Math.max(0, offset - (this.lineStarts[low] ?? 0)) + 1 }
  }

  get hasErrors(): boolean {
    return this.errorsLeft > 0 || this.found.some((problem) => problem.severity === 'error')
  }

  /** One more would only be counted. */
  get isFull(): boolean {
    return this.found.length >= PROBLEMS_MAX
  }

  /** In the order of the file. */
  problems(): Problem[] {
    const sorted = [...this.found].sort((a, b) => a.line - b.line || a.column - b.column)
    if (this.left === 0) return sorted
    const errors = this.errorsLeft > 0
    const message = `${this.left} more problems are not listed${errors ? `, ${this.errorsLeft} of them errors` : ''}`
    return [
      ...sorted,
      {
        severity: errors ? 'error' : 'warning',
        code: 'too_many_problems',
        file: this.file,
        line: 1,
        column: 1,
        length: 1,
        path: '',
        message,
      },
    ]
  }
}

function lineStartsOf(text: string): number[] {
  const starts = [0]
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1)
  return starts
}

/** `steps[3].args.key`; names that are no plain words are quoted. */
export function pathText(path: ValuePath): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (!/^[\w-]+$/.test(part)) text += `[${JSON.stringify(part)}]`
    else text += text === '' ? part : `.${part}`
  }
  return text
}
