// YAML text -> SourceNode tree, with every syntax problem. Aliases and merge keys are written out, within limits. Files of
// the plain form take the short way (plain-yaml.ts), which gives the same tree.

import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { jsonFloat } from '../../values/json/json-value.ts'
import { FILE_CHARACTERS_MAX, VALUE_DEPTH_MAX, VALUES_MAX } from '../limits.ts'
import { type Finding, ProblemCollector } from '../problem.ts'
import { readPlainYaml } from './plain-yaml.ts'
import type { MapEntry, SourceNode, Span } from './source-node.ts'
import { flawOfText, type TextFlaw } from './text-flaw.ts'
import { type PlainValue, plainScalar } from './yaml-scalar.ts'
import { yamlSyntaxProblems } from './yaml-syntax.ts'

export interface YamlSource {
  /** Undefined: nothing usable; the problems say why. */
  readonly root: SourceNode | undefined
  readonly problems: ProblemCollector
}

export function readYaml(file: string, text: string): YamlSource {
  const flaw = flawOfText(text)
  if (flaw !== undefined) return notText(new ProblemCollector(file, text), flaw)
  const root = readPlainYaml(text)
  return root === undefined ? readAnyYaml(file, text) : { root, problems: new ProblemCollector(file, text) }
}

export function readAnyYaml(file: string, text: string): YamlSource {
  if (text.length > FILE_CHARACTERS_MAX) {
    const message = `the file has ${text.length} characters; at most ${FILE_CHARACTERS_MAX} are read`
    return refused(new ProblemCollector(file, ''), { code: 'file_too_large', message })
  }
  let document: Document.Parsed | undefined
  try {
    // The failsafe schema leaves every scalar as text: what it is worth is decided in yaml-scalar.ts.
    document = parseDocument(text, {
      version: '1.1',
      schema: 'failsafe',
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: 'error',
    })
  } catch (error) {
    // The parser is recursive: only a file nested thousands of levels deep ends here.
    if (!(error instanceof RangeError)) throw error
  }
  const problems = new ProblemCollector(file, text)
  if (document === undefined)
    return refused(problems, { code: 'file_too_large', message: 'the file is nested too deeply' })
  for (const finding of yamlSyntaxProblems(document.errors, text)) problems.add(finding)
  // What stands around a broken line is not what its author meant: more problems would only mislead.
  if (document.errors.length > 0) return { root: undefined, problems }
  if (document.contents === null || isBlank(document.contents)) {
    return refused(problems, {
      code: 'file_empty',
      message: 'the file is empty',
      hint: 'a workflow has at least name, nodes and steps',
    })
  }
  const reader = new TreeReader(problems, text)
  return { root: reader.read(document.contents, 0), problems }
}

function isBlank(node: Node): boolean {
  return isScalar(node) && node.type === 'PLAIN' && node.source === ''
}

function refused(problems: ProblemCollector, finding: Pick<Finding, 'code' | 'message' | 'hint'>): YamlSource {
  problems.add({ ...finding, span: { start: 0, end: 1 }, path: [] })
  return { root: undefined, problems }
}

function notText(problems: ProblemCollector, { offset, message, hint }: TextFlaw): YamlSource {
  problems.add({ code: 'yaml_syntax', span: { start: offset, end: offset + 1 }, path: [], message, hint })
  return { root: undefined, problems }
}

class TreeReader {
  private readonly problems: ProblemCollector
  private readonly text: string
  private readonly anchors = new Map<string, Node>()
  private readonly open = new Set<Node>()
  private values = 0
  private refused = false
  /** Of the value that was read last: where its line ends, or the value itself. */
  private end = 0

  constructor(problems: ProblemCollector, text: string) {
    this.problems = problems
    this.text = text
  }

  /** Undefined once a limit was met: the rest of the file is not worth checking. */
  read(node: Node, depth: number): SourceNode | undefined {
    this.values += 1
    if (this.values > VALUES_MAX)
      return this.refuse(node, `the file has more than ${VALUES_MAX} values (aliases written out)`)
    if (depth > VALUE_DEPTH_MAX) return this.refuse(node, `the file is nested deeper than ${VALUE_DEPTH_MAX} levels`)
    if (isAlias(node)) return this.alias(node, depth)
    if (node.anchor !== undefined) this.anchors.set(node.anchor, node)
    if (!isMap(node) && !isSeq(node)) {
      this.end = this.lineEndOf(node)
      return { kind: 'scalar', value: isScalar(node) ? this.scalar(node) : null, span: spanOf(node) }
    }
    const placeholder = isMap(node) ? this.barePlaceholder(node) : undefined
    if (placeholder !== undefined) return placeholder
    this.open.add(node)
    const result = isMap(node) ? this.map(node, depth) : this.list(node, depth)
    this.open.delete(node)
    if (node.flow === true) this.end = this.lineEndOf(node)
    return result
  }

  /** `{{name}}` without quotes is a map in a map to YAML; it is taken for the text it was meant as. */
  private barePlaceholder(node: YAMLMap): SourceNode | undefined {
    const { start, end } = spanOf(node)
    const written = /^\{\{\s*[\w.-]+\s*\}\}/.exec(this.text.slice(start, end))?.[0]
    if (written === undefined) return undefined
    this.problems.add({
      code: 'yaml_unsupported',
      span: { start, end: start + written.length },
      path: [],
      message: 'a placeholder must be in quotes',
      hint: `write '${written}'`,
    })
    return { kind: 'scalar', value: written, span: { start, end } }
  }

  private alias(node: Alias, depth: number): SourceNode | undefined {
    const target = this.anchors.get(node.source)
    if (target === undefined || this.open.has(target)) {
      const what = target === undefined ? 'is not defined before this' : 'contains itself'
      this.problems.add({
        code: 'yaml_syntax',
        span: spanOf(node),
        path: [],
        message: `the alias *${node.source} ${what}`,
      })
      return { kind: 'scalar', value: null, span: spanOf(node) }
    }
    return this.read(target, depth)
  }

  private list(node: YAMLSeq, depth: number): SourceNode | undefined {
    const items: SourceNode[] = []
    for (const item of node.items) {
      const read = this.read(item as Node, depth + 1)
      if (read === undefined) return undefined
      items.push(read)
    }
    return { kind: 'list', items, span: this.spanOfAll(node) }
  }

  private map(node: YAMLMap, depth: number): SourceNode | undefined {
    const entries = new Map<string, MapEntry>()
    const merged: MapEntry[] = []
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const key = this.key(pair.key)
      if (key === undefined) continue
      const value = pair.value === null ? nothingAfter(key.keySpan) : this.read(pair.value, depth + 1)
      if (value === undefined) return undefined
      if (key.key === '<<' && isScalar(pair.key) && pair.key.type === 'PLAIN') merged.push(...this.mergeEntries(value))
      else {
        if (entries.has(key.key)) this.duplicate(key)
        entries.set(key.key, { ...key, value })
      }
    }
    const all = new Map<string, MapEntry>()
    for (const entry of merged) if (!all.has(entry.key)) all.set(entry.key, entry)
    for (const [name, entry] of entries) all.set(name, entry)
    return { kind: 'map', entries: [...all.values()], span: this.spanOfAll(node) }
  }

  /** Nothing at all ends where it would be; a block of text ends behind its last line break. */
  private lineEndOf(node: Node): number {
    const { start, end } = spanOf(node)
    if (start === end || this.text[end - 1] === '\n') return end
    const newline = this.text.indexOf('\n', end)
    return newline < 0 ? this.text.length : newline + 1
  }

  /** Of a block without the comments below it: some parsers count them to it, and they may be about what follows. */
  private spanOfAll(node: YAMLMap | YAMLSeq): Span {
    const { start, end } = spanOf(node)
    return { start, end: node.flow === true ? end : Math.min(end, this.end) }
  }

  private key(node: Node): Pick<MapEntry, 'key' | 'keySpan'> | undefined {
    const resolved = isAlias(node) ? this.anchors.get(node.source) : node
    if (isScalar(resolved)) {
      if (resolved.anchor !== undefined) this.anchors.set(resolved.anchor, resolved)
      return { key: String(resolved.value ?? ''), keySpan: spanOf(node) }
    }
    this.problems.add({
      code: 'yaml_unsupported',
      span: spanOf(node),
      path: [],
      message: 'a key must be a plain text, not a list or map',
      hint: 'a text that starts with { or [ has to be in quotes',
    })
    return undefined
  }

  private duplicate(key: Pick<MapEntry, 'key' | 'keySpan'>): void {
    this.problems.add({
      severity: 'warning',
      code: 'yaml_duplicate_key',
      span: key.keySpan,
      path: [],
      message: `the key "${key.key}" is here twice`,
      hint: 'this one takes effect, the one before does not: remove or rename one of them',
    })
  }

  private mergeEntries(value: SourceNode): readonly MapEntry[] {
    if (value.kind === 'map') return value.entries
    if (value.kind === 'list' && value.items.every((item) => item.kind === 'map')) {
      return value.items.flatMap((item) => (item.kind === 'map' ? item.entries : []))
    }
    this.problems.add({
      code: 'yaml_syntax',
      span: value.span,
      path: [],
      message: 'a merge key << takes a map or a list of maps',
    })
    return []
  }

  private scalar(node: Scalar): PlainValue {
    const text = String(node.value ?? '')
    if (node.tag === undefined || node.tag === '!')
      return node.type === 'PLAIN' && node.tag === undefined ? plainScalar(text) : text
    const wanted = node.tag.replace('tag:yaml.org,2002:', '')
    if (wanted === 'str') return text
    const value = plainScalar(text)
    if (wanted === 'float' && typeof value === 'number') return jsonFloat(value)
    if (wanted === 'null' || wanted === 'bool' || wanted === 'int' || wanted === 'float') return value
    this.problems.add({
      code: 'yaml_unsupported',
      span: spanOf(node),
      path: [],
      message: `the tag ${node.tag} is not supported`,
    })
    return text
  }

  private refuse(node: Node, message: string): undefined {
    if (!this.refused) this.problems.add({ code: 'file_too_large', span: spanOf(node), path: [], message })
    this.refused = true
    return undefined
  }
}

function spanOf(node: Node): Span {
  const [start, end] = node.range ?? [0, 0]
  return { start, end }
}

function nothingAfter(keySpan: Span): SourceNode {
  return { kind: 'scalar', value: null, span: { start: keySpan.start, end: keySpan.end } }
}
