// The compiler transform. It reads the classes marked @app, @json and @event, writes the code around them as text,
// and has the compiler parse the file again. Inserted text has no line breaks, so lines in messages stay right.

import { CommonFlags, DiagnosticCode, NodeKind, SourceKind } from 'assemblyscript'
import { applicationEdits } from './application.js'
import { jsonEdits } from './json-class.js'
import { plainClasses } from './json-types.js'
import { applyEdits, decorator } from './source-text.js'

const RUNTIME = '@calbox/sdk/assembly/generated-code'

/** A configuration file and the command line may both name the transform. */
const done = new WeakSet()

export default class CalboxTransform {
  /** Called by the compiler once the files named by the author are parsed. `this.program` is set by the compiler. */
  afterParse(parser) {
    if (done.has(parser)) return
    done.add(parser)
    const report = (range, message) => parser.error(DiagnosticCode.Transform_0_1, range, 'calbox', message)
    const sources = parser.sources.filter(
      ({ sourceKind, normalizedPath }) =>
        // The compiler's own memory management is an entry too.
        !normalizedPath.startsWith('~lib/') && (sourceKind === SourceKind.User || sourceKind === SourceKind.UserEntry),
    )
    const plain = plainClasses(sources)
    reportWithoutApp(sources, report)
    for (const source of sources) {
      const text = this.rewritten(source, plain, report)
      if (text !== undefined) reparse(parser, source, text)
    }
    useOwnAbort(this.program)
  }

  rewritten(source, plain, report) {
    const edits = []
    for (const node of source.statements) {
      if (node.kind !== NodeKind.ClassDeclaration) continue
      if (decorator(node, 'json') || decorator(node, 'event')) edits.push(...jsonEdits(node, plain, report))
      if (decorator(node, 'app')) edits.push(...applicationEdits(node, source, plain, report))
    }
    // The entry file of an application that writes its exports itself needs the SDK's abort as well.
    if (edits.length === 0 && source.sourceKind !== SourceKind.UserEntry) return undefined
    edits.push({ at: source.text.length, insert: `\nimport * as __calbox from "${RUNTIME}";` })
    return applyEdits(source.text, edits)
  }
}

/** A module without methods is of no use: most likely the mark was forgotten. */
function reportWithoutApp(sources, report) {
  if (sources.some((source) => source.statements.some((each) => decorator(each, 'app')))) return
  for (const entry of sources.filter((source) => source.sourceKind === SourceKind.UserEntry)) {
    if (entry.statements.some(exportsFunctions)) return
    const candidate = entry.statements.find((each) => each.kind === NodeKind.ClassDeclaration)
    report(candidate?.name.range ?? entry.range, 'no class is marked @app')
  }
}

function exportsFunctions(statement) {
  if (statement.kind === NodeKind.Export) return true
  return statement.kind === NodeKind.FunctionDeclaration && (statement.flags & CommonFlags.Export) !== 0
}

/** Replaces a parsed file in place: the order of files decides the order of their start code. */
function reparse(parser, source, text) {
  const index = parser.sources.indexOf(source)
  parser.donelog.delete(source.internalPath)
  parser.parseFile(text, source.normalizedPath, source.sourceKind === SourceKind.UserEntry)
  const replacement = parser.sources.pop()
  parser.sources[index] = replacement
}

/** `throw` and assertions report through the host's panic_utf8 unless the author chose otherwise. */
function useOwnAbort(program) {
  const aliases = program.options.globalAliases ?? new Map()
  if (!aliases.has('abort')) aliases.set('abort', '~lib/@calbox/sdk/assembly/abort/abort')
  program.options.globalAliases = aliases
}
