// The compiler transform. It reads the classes marked @app, @json and @event, writes the code around them as text,
// and has the compiler parse the file again. Inserted text has no line breaks, so lines in messages stay right.

import { DiagnosticCode, NodeKind, SourceKind } from 'assemblyscript'
import { applicationEdits } from './application.js'
import { jsonEdits } from './json-class.js'
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
    for (const source of [...parser.sources]) {
      if (source.sourceKind !== SourceKind.User && source.sourceKind !== SourceKind.UserEntry) continue
      const text = this.rewritten(source, report)
      if (text !== undefined) reparse(parser, source, text)
    }
    useOwnAbort(this.program)
  }

  rewritten(source, report) {
    const edits = []
    for (const node of source.statements) {
      if (node.kind !== NodeKind.ClassDeclaration) continue
      if (decorator(node, 'json') || decorator(node, 'event')) edits.push(...jsonEdits(node, report))
      if (decorator(node, 'app')) edits.push(...applicationEdits(node, source, report))
    }
    if (edits.length === 0) return undefined
    edits.push({ at: source.text.length, insert: `\nimport * as __calbox from "${RUNTIME}";` })
    return applyEdits(source.text, edits)
  }
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
