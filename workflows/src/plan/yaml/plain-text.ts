// Values of a file in the plain form (plain-yaml.ts): scalars, flow collections, blocks of text. Knows offsets in the
// text and nothing of the blocks around; whatever is not of that form is thrown back.
import type { MapEntry, ScalarNode, SourceNode } from './source-node.ts'
import { plainScalar } from './yaml-scalar.ts'

/** Thrown, and caught by the one entry: this text is for the full parser. */
export const NOT_PLAIN = new Error('assertion failed: left to the full parser')

const SINGLE_QUOTED = /'(?:[^'\n]|'')*'/y
/** Only the escapes that mean the same in JSON. */
const DOUBLE_QUOTED = /"(?:[^"\\\n]|\\["\\bfnrt])*"/y
/** What no plain scalar of these begins with. */
const INDICATOR = /[-?:](?![^\s,[\]{}])|[,[\]{}#&*!|>'"%@`]/y
const IN_FLOW = /(?:[^,[\]{}:#\n]|:(?![\s,[\]{}]|$)|(?<! )#)+/y
const FLOW_KEY = /[A-Za-z_][\w.-]*(?=:[ \n])/y
const TEXT_BLOCK = /[|>]-?\n/y

export class PlainText {
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  lineEnd(at: number): number {
    const end = this.text.indexOf('\n', at)
    return end < 0 ? this.text.length : end
  }

  /** Behind a value nothing but a comment may stand; where the line ends, its end included. */
  restOfLine(from: number): number {
    const end = this.lineEnd(from)
    let at = from
    while (this.text[at] === ' ') at += 1
    const isComment = this.text[at] === '#' && at > from
    if (at !== end && !isComment) throw NOT_PLAIN
    return Math.min(end + 1, this.text.length)
  }

  /** A value that begins on the line of its key. */
  inline(at: number, indent: number): SourceNode {
    const first = this.text[at]
    if (first === '[' || first === '{') return this.flow(at, indent, 0)
    return this.quoted(at) ?? this.plain(at)
  }

  private quoted(at: number): ScalarNode | undefined {
    const isSingle = this.text[at] === "'"
    if (!isSingle && this.text[at] !== '"') return undefined
    const written = this.match(isSingle ? SINGLE_QUOTED : DOUBLE_QUOTED, at)
    if (written === undefined) throw NOT_PLAIN
    const value: unknown = isSingle ? written.slice(1, -1).replaceAll("''", "'") : JSON.parse(written)
    return { kind: 'scalar', value: String(value), span: { start: at, end: at + written.length } }
  }

  private plain(at: number): ScalarNode {
    if (this.match(INDICATOR, at) !== undefined) throw NOT_PLAIN
    const line = this.text.slice(at, this.lineEnd(at))
    const comment = line.indexOf(' #')
    const written = (comment < 0 ? line : line.slice(0, comment)).trimEnd()
    if (written.includes(': ') || written.endsWith(':')) throw NOT_PLAIN
    return { kind: 'scalar', value: plainScalar(written), span: { start: at, end: at + written.length } }
  }

  private flow(at: number, indent: number, depth: number): SourceNode {
    const first = this.text[at]
    if (depth > FLOW_DEPTH_MAX) throw NOT_PLAIN
    if (first === '[') return this.flowList(at, indent, depth)
    if (first === '{') return this.flowMap(at, indent, depth)
    return this.quoted(at) ?? this.flowPlain(at)
  }

  private flowPlain(at: number): ScalarNode {
    if (this.match(INDICATOR, at) !== undefined) throw NOT_PLAIN
    const written = this.match(IN_FLOW, at)?.trimEnd()
    if (written === undefined || written === '') throw NOT_PLAIN
    return { kind: 'scalar', value: plainScalar(written), span: { start: at, end: at + written.length } }
  }

  private flowList(start: number, indent: number, depth: number): SourceNode {
    const items: SourceNode[] = []
    const end = this.flowEntries(start, indent, ']', (at) => {
      const item = this.flow(at, indent, depth + 1)
      items.push(item)
      return item.span.end
    })
    return { kind: 'list', items, span: { start, end } }
  }

  private flowMap(start: number, indent: number, depth: number): SourceNode {
    const entries: MapEntry[] = []
    const names = new Set<string>()
    const end = this.flowEntries(start, indent, '}', (at) => {
      const quoted = this.quoted(at)
      const key = quoted === undefined ? this.match(FLOW_KEY, at) : String(quoted.value)
      const keySpan = { start: at, end: quoted?.span.end ?? at + (key?.length ?? 0) }
      if (key === undefined || key === '<<' || names.has(key) || this.text[keySpan.end] !== ':') throw NOT_PLAIN
      names.add(key)
      const value = this.flow(this.flowSpace(keySpan.end + 1, indent), indent, depth + 1)
      entries.push({ key, keySpan, value })
      return value.span.end
    })
    return { kind: 'map', entries, span: { start, end } }
  }

  /** `entry` reads one from where it is told and returns where it ends. Returns where the collection ends. */
  private flowEntries(start: number, indent: number, close: string, entry: (at: number) => number): number {
    let at = this.flowSpace(start + 1, indent)
    if (this.text[at] === close) return at + 1
    for (;;) {
      at = this.flowSpace(entry(at), indent)
      if (this.text[at] === close) return at + 1
      if (this.text[at] !== ',') throw NOT_PLAIN
      at = this.flowSpace(at + 1, indent)
    }
  }

  /** Lines that go on must be indented deeper than the block they are in. */
  private flowSpace(from: number, indent: number): number {
    let at = from
    let lineStart = -1
    while (this.text[at] === ' ' || this.text[at] === '\n') {
      if (this.text[at] === '\n') lineStart = at + 1
      at += 1
    }
    if (lineStart >= 0 && at - lineStart <= indent) throw NOT_PLAIN
    return at
  }

  /** `|` and `>`, with or without `-`: paragraphs, all indented alike. */
  textBlock(start: number, indent: number): ScalarNode {
    const header = this.match(TEXT_BLOCK, start)
    if (header === undefined) throw NOT_PLAIN
    const lines: string[] = []
    let at = start + header.length
    let end = at
    let depth = 0
    while (at < this.text.length) {
      const next = this.lineEnd(at)
      const line = this.text.slice(at, next)
      const own = line.length - line.trimStart().length
      if (line.trim() !== '') {
        if (depth === 0) depth = own
        if (own <= indent) break
        // Lines of another depth, and space where a line ends, are folded by rules of their own.
        if (own !== depth || next === this.text.length || line.endsWith(' ')) throw NOT_PLAIN
        end = next + 1
      } else if (depth === 0 || line !== '') throw NOT_PLAIN
      lines.push(line.slice(depth))
      at = next + 1
    }
    const content = lines.join('\n').replace(/\n+$/, '')
    if (content === '') throw NOT_PLAIN
    const folded = header.startsWith('|') ? content : content.replace(/\n(\n*)/g, (_, more: string) => more || ' ')
    const value = header.includes('-') ? folded : `${folded}\n`
    return { kind: 'scalar', value, span: { start, end } }
  }

  private match(pattern: RegExp, at: number): string | undefined {
    pattern.lastIndex = at
    return pattern.exec(this.text)?.[0]
  }
}

/** Deeper ones are for the full parser. */
const FLOW_DEPTH_MAX = 20
