// Files that steps name must be there, relative to the directory the command is run from, and what is installed must
// look like an application. A script that runs before may build them, so after one these are only warnings.

import { hasPlaceholder } from '../../values/placeholders.ts'
import type { SourceStep } from '../read/read-steps.ts'
import { entryOf, textOf } from '../yaml/source-node.ts'
import { applicationFault, type FileFault, type SeenFile } from './application-file.ts'

const INSTALLING_KINDS: ReadonlySet<string> = new Set(['install_application', 'create_mesh'])

/** Where a script is a file of this machine. */
const SCRIPT_TARGETS: ReadonlySet<string> = new Set(['local', 'nodes'])

export type LookAtFile = (path: string) => SeenFile

export interface FileChecks {
  /** Of the workflow, as it was named. */
  readonly file: string
  readonly lookAtFile: LookAtFile
  /** What a file that is not there is; it may yet be built. Default an error. */
  readonly absent?: 'error' | 'warning' | undefined
}

export function checkFiles(steps: readonly SourceStep[], checks: FileChecks): void {
  new FileChecker(checks).check(steps)
}

class FileChecker {
  private readonly checks: FileChecks
  private scriptBefore = false

  constructor(checks: FileChecks) {
    this.checks = checks
  }

  check(steps: readonly SourceStep[]): void {
    for (const step of steps) {
      const kind = step.kind?.kind ?? textOf(entryOf(step.node, 'type')?.value)
      if (kind === 'script') {
        if (SCRIPT_TARGETS.has(textOf(entryOf(step.node, 'target')?.value) ?? '')) this.path(step, 'script')
        this.scriptBefore = true
      }
      if (INSTALLING_KINDS.has(kind ?? '') && !expectsFailure(step)) this.path(step, 'path')
      for (const branch of step.branches) this.check(branch)
    }
  }

  private path(step: SourceStep, key: 'path' | 'script'): void {
    const node = entryOf(step.node, key)?.value
    const path = textOf(node)
    if (node === undefined || path === undefined || path === '' || hasPlaceholder(path)) return
    const seen = this.checks.lookAtFile(path)
    const fault = this.faultOf(path, seen, key === 'path')
    if (fault === undefined) return
    const isMild = this.scriptBefore || (seen.kind === 'absent' && this.checks.absent === 'warning')
    const later = this.scriptBefore ? 'a script before this step may make it' : 'there `calbox run` ends with an error'
    step.problems.add({
      code: seen.kind === 'absent' ? 'missing_file' : 'unusable_file',
      span: node.span,
      path: [...step.path, key],
      message: `the file ${path} ${fault.message}`,
      hint: isMild ? [later, fault.hint].filter(Boolean).join('; ') : fault.hint,
      severity: isMild ? 'warning' : 'error',
    })
  }

  private faultOf(path: string, seen: SeenFile, isApplication: boolean): FileFault | undefined {
    switch (seen.kind) {
      case 'absent':
        return { message: 'does not exist', hint: this.whereToLook(path) }
      case 'folder':
        return { message: 'is a folder', hint: `name a file in it${isApplication ? ', one that ends in .wasm' : ''}` }
      case 'unreadable':
        return { message: `cannot be read: ${seen.reason}`, hint: 'give this user access to it' }
      default:
        return isApplication ? applicationFault(seen.start, seen.module) : undefined
    }
  }

  /** Beside the workflow is where people expect it. */
  private whereToLook(path: string): string {
    const folder = this.checks.file.includes('/') ? this.checks.file.replace(/\/[^/]*$/, '') : ''
    const beside = `${folder}/${path.replace(/^\.\//, '')}`
    const isBeside = folder !== '' && !/^[/~]/.test(path) && this.checks.lookAtFile(beside).kind === 'file'
    if (isBeside) return `it is beside the workflow file: write ${beside}, or run calbox in ${folder}`
    return 'paths are relative to the directory the command is run from, not to the workflow file'
  }
}

/** What cannot be installed may be just what such a step is about. */
function expectsFailure(step: SourceStep): boolean {
  const value = entryOf(step.node, 'expected_failure')?.value
  return value?.kind === 'scalar' && value.value === true
}
