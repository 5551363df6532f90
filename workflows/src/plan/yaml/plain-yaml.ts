// Reads the form that nearly all workflow files have, in one pass: keys of letters, values on one line, simple blocks of
// text. The full parser takes several times as long for the same tree, which is most of what checking a file takes.
// Whatever is not of this form, mistakes included, is left to that parser: what is read here is what it would have read.

import { NOT_PLAIN, PlainText } from './plain-text.ts'
import type { ListNode, MapEntry, MapNode, SourceNode } from './source-node.ts'

/** Deeper ones are for the full parser, which knows the limits. */
const DEPTH_MAX = 50
const CHARACTERS_MAX = 1024 * 1024

/** Undefined: not of this form. */
export function readPlainYaml(text: string): SourceNode | undefined {
  if (text.length > CHARACTERS_MAX || UNUSUAL.test(text)) return undefined
  try {
    return new PlainReader(text).root()
  } catch (error) {
    if (error === NOT_PLAIN) return undefined
    throw error
  }
}

/** Tabs, carriage returns, marks of byte order, separators of lines and control characters have rules of their own. */
const UNUSUAL = /[^\n\x20-\x7e\u00a1-\u1fff\u2010-\u2027\u2030-\ud7ff\ud800-\udfff\uf900-\ufdff]/

const KEY = /[A-Za-z_][\w.-]*(?=:(?:[ \n]|$))/y

class PlainReader {
  private readonly source: PlainText
  private readonly text: string
  private depth = 0
  /** Of the next line with content: its indentation, -1 at the end of the file, and where its content starts. */
  private indent = -1
  private at = 0
  /** Where what was read last ends, its comment and line end included. */
  private end = 0

  constructor(text: string) {
    this.source = new PlainText(text)
    this.text = text
    this.nextLine(0)
  }

  root(): SourceNode {
    if (this.indent !== 0) throw NOT_PLAIN
    const node = this.block()
    if (!this.isAtEnd()) throw NOT_PLAIN
    return node
  }

  private isAtEnd(): boolean {
    return this.indent === -1
  }

  private nextLine(from: number): void {
    let start = from
    for (;;) {
      let at = start
      while (this.text[at] === ' ') at += 1
      const first = this.text[at]
      if (first !== '\n' && first !== '#') {
        this.indent = first === undefined ? -1 : at - start
        this.at = at
        return
      }
      start = this.source.lineEnd(at) + 1
    }
  }

  private block(): SourceNode {
    this.depth += 1
    if (this.depth > DEPTH_MAX) throw NOT_PLAIN
    const node = this.isItem() ? this.list() : this.map()
    this.depth -= 1
    return node
  }

  private isItem(): boolean {
    const after = this.text[this.at + 1]
    return this.text[this.at] === '-' && (after === ' ' || after === '\n' || after === undefined)
  }

  private map(): MapNode {
    const { indent, at: start } = this
    const entries: MapEntry[] = []
    const names = new Set<string>()
    while (this.indent === indent && !this.isItem()) {
      KEY.lastIndex = this.at
      const key = KEY.exec(this.text)?.[0]
      if (key === undefined || names.has(key)) throw NOT_PLAIN
      names.add(key)
      const keySpan = { start: this.at, end: this.at + key.length }
      entries.push({ key, keySpan, value: this.value(keySpan.end + 1, indent, true) })
    }
    return { kind: 'map', entries, span: { start, end: this.end } }
  }

  private list(): ListNode {
    const { indent, at: start } = this
    const items: SourceNode[] = []
    while (this.indent === indent && this.isItem()) items.push(this.value(this.at + 1, indent, false))
    return { kind: 'list', items, span: { start, end: this.end } }
  }

  /** What stands after `key:` or `-`, of a block that is indented by `indent`; afterwards the next line is there. */
  private value(from: number, indent: number, ofKey: boolean): SourceNode {
    let at = from
    while (this.text[at] === ' ') at += 1
    const first = this.text[at]
    const node =
      first === undefined || first === '\n' || (first === '#' && at > from)
        ? this.below(from, at, indent, ofKey)
        : first === '|' || first === '>'
          ? this.textBlock(at, indent)
          : ofKey || !this.isCompactMap(at)
            ? this.onLine(at, indent)
            : this.compactMap(at)
    // Deeper than what it would belong to: the rest of a text of several lines, or a mistake.
    if (this.indent > indent) throw NOT_PLAIN
    return node
  }

  private below(from: number, at: number, indent: number, ofKey: boolean): SourceNode {
    const end = this.source.lineEnd(at)
    this.nextLine(end + 1)
    if (this.indent > indent || (ofKey && this.indent === indent && this.isItem())) return this.block()
    if (at !== from || this.text[at] === '#') throw NOT_PLAIN
    this.end = from
    return { kind: 'scalar', value: null, span: { start: from, end: from } }
  }

  private isCompactMap(at: number): boolean {
    KEY.lastIndex = at
    return KEY.test(this.text)
  }

  private compactMap(at: number): SourceNode {
    this.indent = at - (this.text.lastIndexOf('\n', at) + 1)
    this.at = at
    return this.block()
  }

  private onLine(at: number, indent: number): SourceNode {
    const node = this.source.inline(at, indent)
    this.end = this.source.restOfLine(node.span.end)
    this.nextLine(this.end)
    return node
  }

  private textBlock(at: number, indent: number): SourceNode {
    const node = this.source.textBlock(at, indent)
    this.end = node.span.end
    this.nextLine(this.end)
    return node
  }
}
