// The parser's complaints in words that say what to change, at the place where it is to be changed: the parser stops where
// it cannot go on, which is often lines after the mistake.

import { Lexer, type YAMLError } from 'yaml'
import type { Finding } from '../problem.ts'

/** What a complaint is about; without `at`, the place of the parser is right. */
interface Diagnosis {
  readonly message: string
  readonly hint: string
  readonly at?: { readonly start: number; readonly end: number }
}

/** Findings up to the first one that hides the shape of what follows: beyond it the parser only guesses. */
export function yamlSyntaxProblems(errors: readonly YAMLError[], text: string): Finding[] {
  const findings: Finding[] = []
  for (const error of errors) {
    findings.push(findingOf(error, errors, text))
    if (!KEEPS_SHAPE.has(error.code)) break
  }
  return findings
}

const KEEPS_SHAPE: ReadonlySet<string> = new Set(['BAD_DQ_ESCAPE', 'BAD_SCALAR_START'])

function findingOf(error: YAMLError, errors: readonly YAMLError[], text: string): Finding {
  // The parser turns an exhausted stack into an error of its own.
  const deep = error.message.includes('call stack')
  const found = deep ? TOO_DEEP : diagnose(error, errors, text)
  const [start, end] = [found?.at?.start ?? error.pos[0], found?.at?.end ?? error.pos[1]]
  return {
    code: deep ? 'file_too_large' : 'yaml_syntax',
    span: { start, end: Math.max(end, start + 1) },
    path: [],
    message: found?.message ?? `this is not valid YAML: ${error.message}`,
    hint: found?.hint,
  }
}

const TOO_DEEP: Diagnosis = { message: 'the file is nested too deeply', hint: 'check that each bracket is closed' }

function diagnose(error: YAMLError, errors: readonly YAMLError[], text: string): Diagnosis | undefined {
  const [start] = error.pos
  if (error.code === 'TAB_AS_INDENT' || lineStartsWithTab(text, start)) return EXPLAINED.TAB_AS_INDENT
  if (error.message.startsWith('Missing closing')) return unclosedQuote(start, text)
  if (error.message.startsWith('Flow ')) return unclosedBracket(start, text)
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY' || error.code === 'MULTILINE_IMPLICIT_KEY') {
    return dashWithoutSpace(start, text) ?? deeperThanItsKey(error, errors, text) ?? EXPLAINED[error.code]
  }
  if (error.code === 'BAD_INDENT' || error.message.startsWith('Sequence item without')) {
    return { ...FITS_NO_LEVEL, at: firstOfLine(start, text) }
  }
  return EXPLAINED[error.code]
}

function unclosedQuote(stoppedAt: number, text: string): Diagnosis | undefined {
  const opened = tokensBefore(stoppedAt, text).findLast(({ source }) => /^["']/.test(source))
  if (opened === undefined) return EXPLAINED.MISSING_CHAR
  const quote = opened.source.slice(0, 1)
  return {
    message: `the quote ${quote} opened here is not closed`,
    hint: `end the text with ${quote}; in a text of several lines, all of them are indented`,
    at: { start: opened.offset, end: endOfLine(opened.offset, text) },
  }
}

function unclosedBracket(stoppedAt: number, text: string): Diagnosis | undefined {
  const open: { offset: number; source: string }[] = []
  for (const token of tokensBefore(stoppedAt, text)) {
    if (token.source === '{' || token.source === '[') open.push(token)
    else if (token.source === '}' || token.source === ']') open.pop()
  }
  const opened = open.at(-1)
  if (opened === undefined) return undefined
  const closing = opened.source === '{' ? '}' : ']'
  return {
    message: `the bracket ${opened.source} opened here is not closed`,
    hint: `close it with ${closing}; in a list or map of several lines, all of them are indented deeper than its key`,
    at: { start: opened.offset, end: opened.offset + 1 },
  }
}

/** `-type: wait` is a text to YAML, and what the parser cannot read is the next item. */
function dashWithoutSpace(stoppedAt: number, text: string): Diagnosis | undefined {
  const lineStart = text.lastIndexOf('\n', stoppedAt - 1) + 1
  for (const start of [lineStart, text.lastIndexOf('\n', lineStart - 2) + 1]) {
    const dash = /^ *-(?=[\w"'])/.exec(text.slice(start, start + 200))
    if (dash === null) continue
    const at = start + dash[0].length - 1
    return {
      message: 'a space is missing after "-"',
      hint: 'an item of a list begins with "- "',
      at: { start: at, end: at + 1 },
    }
  }
  return undefined
}

/** A line below `key: value` that is indented deeper than the key goes on with the value: as a key it cannot stand there. */
function deeperThanItsKey(error: YAMLError, errors: readonly YAMLError[], text: string): Diagnosis | undefined {
  const value = errors.find(({ code, pos }) => code === 'MULTILINE_IMPLICIT_KEY' && pos[0] === error.pos[0])
  if (error.code !== 'BLOCK_AS_IMPLICIT_KEY' || value === undefined) return undefined
  const [start, end] = value.pos
  const lastLine = text.lastIndexOf('\n', end - 1)
  if (lastLine < start) return undefined
  return {
    message: 'this line is indented deeper than the key above, which has its value already',
    hint: 'keys of one map start in the same column',
    at: firstOfLine(lastLine + 1, text),
  }
}

/** The lexer's tokens: the text cut in pieces, beside marks of its own that are no text. */
function tokensBefore(limit: number, text: string): { offset: number; source: string }[] {
  const tokens: { offset: number; source: string }[] = []
  let offset = 0
  for (const source of new Lexer().lex(text)) {
    if (LEXER_MARKS.has(source)) continue
    if (offset >= limit) break
    tokens.push({ offset, source })
    offset += source.length
  }
  return tokens
}

/** Document, end of flow value, scalar. */
const LEXER_MARKS: ReadonlySet<string> = new Set(['\u0002', '\u0018', '\u001f'])

function firstOfLine(offset: number, text: string): { start: number; end: number } {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1
  const indent = /^ */.exec(text.slice(lineStart, endOfLine(lineStart, text)))?.[0].length ?? 0
  return { start: lineStart + indent, end: endOfLine(lineStart, text) }
}

function endOfLine(offset: number, text: string): number {
  const end = text.indexOf('\n', offset)
  return end < 0 ? text.length : end
}

function lineStartsWithTab(text: string, offset: number): boolean {
  const start = text.lastIndexOf('\n', offset - 1) + 1
  return /^ *\t/.test(text.slice(start, start + 200))
}

const FITS_NO_LEVEL: Diagnosis = {
  message: 'the indentation fits no level above',
  hint: 'keys of one map and items of one list start in the same column',
}

const EXPLAINED: Readonly<Record<string, Diagnosis>> = {
  TAB_AS_INDENT: { message: 'a tab is used to indent', hint: 'YAML is indented with spaces: replace the tab' },
  MISSING_CHAR: {
    message: 'a ":" after this, or a comma before it, is missing',
    hint: 'check colons and commas, and the indentation',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a second ":" after this: a line has one key',
    hint: 'quote texts that hold ": ", and check the indentation',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'a key must be on one line, and followed by ":"',
    hint: 'check the colon after the key, and the indentation',
  },
  UNEXPECTED_TOKEN: {
    message: 'nothing was expected here: what stands before it is complete',
    hint: `a quote ends a quoted text: inside of it write '' or \\", or quote it the other way`,
  },
  BAD_SCALAR_START: {
    message: 'a text cannot begin with this sign unless it is in quotes',
    hint: 'put the text in quotes',
  },
  BAD_DQ_ESCAPE: {
    message: 'a backslash in double quotes begins an escape, and this is none',
    hint: "write two backslashes, or put the text in ' ' quotes",
  },
  MULTIPLE_DOCS: { message: 'the file holds several documents', hint: 'a workflow file is one document: remove "---"' },
}
