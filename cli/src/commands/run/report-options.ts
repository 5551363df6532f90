// `--report`: which reports a command writes, and where. Pure.
import { CommandError } from '../command-error.ts'

/** `-` is the standard output; else a file. */
export type ReportTarget = string

export interface ReportPlan {
  /** What people read: undefined where it was switched off. */
  readonly console: ReportTarget | undefined
  /** Annotations and summary for GitHub Actions. */
  readonly github: boolean
  /** Somebody asked for them: a summary that cannot be written is an error then, and not a warning. */
  readonly githubAsked: boolean
  readonly files: readonly { readonly format: FileFormat; readonly target: ReportTarget }[]
}

export type FileFormat = 'json' | 'junit'

const HELP =
  'write console, github, json=FILE or junit=FILE; - is the standard output, =off switches console or github off'

/** For commander: `--report a,b --report c`. */
export function collectReports(text: string, before: readonly string[] = []): string[] {
  return [...before, ...text.split(',').map((part) => part.trim())]
}

export function planReports(given: readonly string[], env: Readonly<Record<string, string | undefined>>): ReportPlan {
  const targets = new Map<string, string>()
  const files: { format: FileFormat; target: ReportTarget }[] = []
  for (const each of given) {
    const [format = '', target] = splitAtEqual(each)
    if (format === 'json' || format === 'junit') {
      if (target === undefined || target === '')
        throw usage(`--report ${each}: it needs a file, as in ${format}=${EXAMPLES[format]}`)
      files.push({ format, target })
    } else if (format === 'console' || format === 'github') {
      if (format === 'github' && target !== undefined && target !== 'off')
        throw usage(`--report ${each}: github has no file`)
      if (target === '') throw usage(`--report ${each}: the file is missing`)
      targets.set(format, target ?? '-')
    } else throw usage(`--report ${each}: there is no such report; ${HELP}`)
  }
  const console = targets.get('console') ?? '-'
  const github = targets.get('github') ?? (env.GITHUB_ACTIONS === 'true' ? '-' : 'off')
  const names = [
    ...files.map(({ target }) => target),
    ...(targets.has('console') && console !== 'off' ? [console] : []),
  ]
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) {
    throw usage(`--report: two reports cannot go to ${twice === '-' ? 'the standard output' : twice}`)
  }
  return {
    console: console === 'off' ? undefined : console,
    github: github !== 'off',
    githubAsked: targets.get('github') === '-',
    files,
  }
}

const EXAMPLES: Readonly<Record<FileFormat, string>> = { json: 'report.json', junit: 'junit.xml' }

function splitAtEqual(text: string): [string, string | undefined] {
  const at = text.indexOf('=')
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function usage(message: string): CommandError {
  return new CommandError('USAGE', message)
}
