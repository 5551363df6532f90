// What a text in a reply is worth once captured (reference 2.2): the original re-reads every text it passes.

import type { JsonValue } from './json/json-value.ts'
import { tryParseLosslessJson } from './json/lossless-json.ts'
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
  const open = { '{': [] as number[], '[': [] as number[] }
  let first: { readonly from: number; readonly to: number } | undefined
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at]
    if (sign === '{' || sign === '[') open[sign].push(at)
    if (sign !== '}' && sign !== ']') continue
    const from = open[sign === '}' ? '{' : '['].pop()
    if (from !== undefined && (first === undefined || from < first.from)) first = { from, to: at }
    // Nothing that begins before it is open any more.
    if (first !== undefined && isFirst(first.from, open)) break
  }
  return first === undefined ? undefined : text.slice(first.from, first.to + 1)
}

function isFirst(from: number, open: { readonly '{': readonly number[]; readonly '[': readonly number[] }): boolean {
  return [open['{'][0], open['['][0]].every((at) => at === undefined || at > from)
}
