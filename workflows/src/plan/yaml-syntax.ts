// The parser's complaints in words that say what to change.

import type { YAMLError } from 'yaml'
import type { Finding } from './problem.ts'

export function yamlSyntaxProblem(error: YAMLError, text: string): Finding {
  const [start, end] = error.pos
  const known = EXPLAINED[error.code]
  const tab = error.code === 'TAB_AS_INDENT' || lineStartsWithTab(text, start)
  // The parser turns an exhausted stack into an error of its own.
  const deep = error.message.includes('call stack')
  const explained = deep ? TOO_DEEP : tab ? EXPLAINED.TAB_AS_INDENT : known
  return {
    code: deep ? 'file_too_large' : 'yaml_syntax',
    span: { start, end: Math.max(end, start + 1) },
    path: [],
    message: explained?.message ?? `this is not valid YAML: ${error.message}`,
    hint: explained?.hint,
  }
}

function lineStartsWithTab(text: string, offset: number): boolean {
  const start = text.lastIndexOf('\n', offset - 1) + 1
  return /^ *\t/.test(text.slice(start, start + 200))
}

const TOO_DEEP = { message: 'the file is nested too deeply', hint: 'check that each bracket is closed' }

const EXPLAINED: Readonly<Record<string, { message: string; hint: string }>> = {
  TAB_AS_INDENT: { message: 'a tab is used to indent', hint: 'YAML is indented with spaces: replace the tab' },
  BAD_INDENT: {
    message: 'the indentation fits no level above',
    hint: 'keys of one map and items of one list start in the same column',
  },
  MISSING_CHAR: { message: 'a closing or separating character is missing', hint: 'check quotes, brackets and commas' },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a value goes on where a key was expected',
    hint: 'check the indentation, and quote texts that hold ": "',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'a key must be on one line, and followed by ":"',
    hint: 'check the colon after the key, and the indentation',
  },
  MULTIPLE_DOCS: { message: 'the file holds several documents', hint: 'a workflow file is one document: remove "---"' },
}
