// `{{name}}` in texts (reference 2.3). Every surprising rule in here is the original's and is relied on by files.

import { isJsonObject, type JsonObject, type JsonValue, keysOf, objectOf } from './json/json-value.ts'
import { legacyValue } from './legacy-placeholders.ts'
import { pythonStr } from './python/python-text.ts'
import { ValuesError } from './values-error.ts'
import type { Variables } from './variables.ts'

export interface ResolveOptions {
  /** Throw `unresolved_placeholder` instead of letting the text through. For the four asserting kinds. */
  readonly strict?: boolean
  /** Told the name of each placeholder that nothing was known for (lenient only). */
  readonly onUnresolved?: (name: string, text: string) => void
}

/** True where the original looks for placeholders at all. */
export function hasPlaceholder(text: string): boolean {
  return text.includes('{{') && text.includes('}}')
}

/**
 * Resolves a field: texts as below, lists and maps recursively in their values (never the keys), other values as they are.
 * A text in quotes without a placeholder loses the quotes; `{{…}}` from end to end is ONE name and keeps the value's
 * type; elsewhere each `{{name}}` becomes the Python text of its value, or the bare name.
 */
export function resolve(value: JsonValue, variables: Variables, options: ResolveOptions = {}): JsonValue {
  if (typeof value === 'string') return resolveText(value, variables, options)
  if (Array.isArray(value)) return value.map((item) => resolve(item, variables, options))
  return isJsonObject(value) ? resolveValuesOf(value, variables, options) : value
}

function resolveValuesOf(object: JsonObject, variables: Variables, options: ResolveOptions): JsonObject {
  return objectOf(keysOf(object).map((key) => [key, resolve(object[key] ?? null, variables, options)]))
}

/** `resolve` of a field that has to come out as text (ids, paths): the Python text of whatever it resolved to. */
export function resolveToText(value: JsonValue, variables: Variables, options: ResolveOptions = {}): string {
  return pythonStr(resolve(value, variables, options))
}

function resolveText(text: string, variables: Variables, options: ResolveOptions): JsonValue {
  if (isQuoted(text) && !text.includes('{{') && !text.includes('}}')) return text.slice(1, -1)
  if (!hasPlaceholder(text)) return text
  if (text.startsWith('{{') && text.endsWith('}}')) return resolveWhole(text, variables, options)
  return resolveEmbedded(text, variables, options)
}

function isQuoted(text: string): boolean {
  const first = text[0]
  return text.length >= 2 && (first === "'" || first === '"') && text.endsWith(first)
}

function resolveWhole(text: string, variables: Variables, options: ResolveOptions): JsonValue {
  const name = text.slice(2, -2).trim()
  const value = lookUp(name, variables, options)
  return value === undefined ? unresolved(name, text, text, options) : value
}

function resolveEmbedded(text: string, variables: Variables, options: ResolveOptions): string {
  let result = ''
  let at = 0
  for (;;) {
    const open = text.indexOf('{{', at)
    const close = open < 0 ? -1 : text.indexOf('}}', open)
    if (close < 0) {
      // Marks without a placeholder, as in "}} {{": let through, but never as a thing to compare with.
      return at === 0 ? unresolved(text, text, text, options) : result + text.slice(at)
    }
    const name = text.slice(open + 2, close).trim()
    const value = lookUp(name, variables, options)
    result += text.slice(at, open) + pythonStr(value === undefined ? unresolved(name, name, text, options) : value)
    at = close + 2
  }
}

function lookUp(name: string, variables: Variables, options: ResolveOptions): JsonValue | undefined {
  if (variables.has(name)) return variables.get(name)
  return legacyValue(name, variables, (identity) => resolveText(`{{identity.${identity}}}`, variables, options))
}

function unresolved(name: string, asText: string, text: string, options: ResolveOptions): string {
  if (options.strict) {
    const where = text === `{{${name}}}` ? '' : ` in ${JSON.stringify(text)}`
    throw new ValuesError(
      'unresolved_placeholder',
      `the placeholder {{${name}}}${where} is not set: no step before this one has captured "${name}"`,
      { name, text },
    )
  }
  options.onUnresolved?.(name, text)
  return asText
}
