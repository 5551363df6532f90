// Files that steps install must exist, relative to the directory the command is run from. A script that runs before may
// build them, so after one a missing file is only a warning.

import { hasPlaceholder } from '../../values/placeholders.ts'
import type { ProblemCollector } from '../problem.ts'
import type { SourceStep } from '../read/read-steps.ts'
import { entryOf, textOf } from '../yaml/source-node.ts'

const INSTALLING_KINDS: ReadonlySet<string> = new Set(['install_application', 'create_mesh'])

/** Where a script is a file of this machine. */
const SCRIPT_TARGETS: ReadonlySet<string> = new Set(['local', 'nodes'])

export type FileExists = (path: string) => boolean

export function checkFiles(steps: readonly SourceStep[], fileExists: FileExists, problems: ProblemCollector): void {
  new FileChecker(fileExists, problems).check(steps)
}

class FileChecker {
  private readonly fileExists: FileExists
  private readonly problems: ProblemCollector
  private scriptBefore = false

  constructor(fileExists: FileExists, problems: ProblemCollector) {
    this.fileExists = fileExists
    this.problems = problems
  }

  check(steps: readonly SourceStep[]): void {
    for (const step of steps) {
      const kind = step.kind?.kind ?? textOf(entryOf(step.node, 'type')?.value)
      if (kind === 'script') {
        if (SCRIPT_TARGETS.has(textOf(entryOf(step.node, 'target')?.value) ?? '')) this.path(step, 'script')
        this.scriptBefore = true
      }
      if (INSTALLING_KINDS.has(kind ?? '')) this.path(step, 'path')
      for (const branch of step.branches) this.check(branch)
    }
  }

  private path(step: SourceStep, key: 'path' | 'script'): void {
    const node = entryOf(step.node, key)?.value
    const path = textOf(node)
    if (node === undefined || path === undefined || path === '' || hasPlaceholder(path) || this.fileExists(path)) return
    this.problems.add({
      code: 'missing_file',
      span: node.span,
      path: [...step.path, key],
      message: `the file ${path} does not exist`,
      hint: this.scriptBefore
        ? 'a script before this step may create it; paths are relative to the directory the command is run from'
        : 'paths are relative to the directory the command is run from, not to the workflow file',
      severity: this.scriptBefore ? 'warning' : 'error',
    })
  }
}
