// What a text in a reply is worth once captured (reference 2.2): the original re-reads every text it passes.

import type { JsonValue } from './json/json-value.ts'
import { tryParseLosslessJson } from './json/lossless-json.ts'
import { SUBSTRING_STARTS_MAX } from './limits.ts'
import { tryParsePythonLiteral } from './python/python-literal.ts'
import { pythonStrip } from './python/python-number.ts'

/** Values other than texts are returned as they are, and so is a text that reads as nothing. Never throws. */
export function parseCaptured(value: JsonValue): JsonValue {
  if (typeof value !== 'string') return value
  const text = pythonStrip(value)
  if (text === '') return value
  const json = tryParseLosslessJson(text, READ)
  if (json !== undefined) return json
  const literal = tryParsePythonLiteral(text)
  if (literal !== undefined) return literal
  if (!text.includes('{') && !text.includes('[')) return value
  const cleaned = tryParseLosslessJson(text.replace(/,(\s*[}\]])/g, '$1'), READ)
  if (cleaned !== undefined) return cleaned
  const part = balancedPart(text) // a list or map, so never null
  return (part === undefined ? undefined : tryParseLosslessJson(part, READ)) ?? value
}

const READ = { nonFinite: true }

/** The first `{…}` or `[…]` that closes, counting only brackets of its own kind and not minding quotes. */
function balancedPart(text: string): string | undefined {
  const starts = [...text.matchAll(/[{[]/g)].slice(0, SUBSTRING_STARTS_MAX)
  for (const start of starts) {
    const end = closingIndex(text, start.index, start[0], start[0] === '{' ? '}' : ']')
    if (end >= 0) return text.slice(start.index, end + 1)
  }
  return undefined
}

function closingIndex(text: string, from: number, open: string, close: string): number {
  let depth = 0
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === open) depth += 1
    else if (text[at] === close) depth -= 1
    if (depth === 0) return at
  }
  return -1
}
