// The values of a YAML file with their places in its text: what every check of plan works on.

import { type JsonObject, type JsonValue, objectOf } from '../../values/json/json-value.ts'

export type ValuePath = readonly (string | number)[]

/** Offsets in the text; `end` is exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface ScalarNode {
  readonly kind: 'scalar'
  readonly value: Exclude<JsonValue, JsonValue[] | JsonObject>
  readonly span: Span
}
export interface ListNode {
  readonly kind: 'list'
  readonly items: readonly SourceNode[]
  readonly span: Span
}
export interface MapEntry {
  readonly key: string
  readonly keySpan: Span
  readonly value: SourceNode
}
export interface MapNode {
  readonly kind: 'map'
  readonly entries: readonly MapEntry[]
  readonly span: Span
  /** What to mark for the whole map, where its first entry has been taken out. */
  readonly start?: Span
}
export type SourceNode = ScalarNode | ListNode | MapNode

export function toValue(node: SourceNode): JsonValue {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(toValue)
  return toObject(node)
}

export function toObject(node: MapNode): JsonObject {
  return objectOf(node.entries.map((entry) => [entry.key, toValue(entry.value)]))
}

export function entryOf(node: MapNode, key: string): MapEntry | undefined {
  return node.entries.find((entry) => entry.key === key)
}

export function textOf(node: SourceNode | undefined): string | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined
}

/** The place of a value below `node`: of the deepest part of the path that exists. */
export function spanAt(node: SourceNode, path: ValuePath): Span {
  let current = node
  for (const part of path) {
    const next =
      current.kind === 'list' && typeof part === 'number'
        ? current.items[part]
        : current.kind === 'map'
          ? entryOf(current, String(part))?.value
          : undefined
    if (next === undefined) break
    current = next
  }
  return current.kind === 'map' ? startOf(current) : current.span
}

/** A map is marked at its first key: marking all of its lines would show nothing. */
export function startOf(node: SourceNode): Span {
  if (node.kind === 'map') return node.start ?? node.entries[0]?.keySpan ?? node.span
  if (node.kind === 'list') return { start: node.span.start, end: node.span.start + 1 }
  return node.span
}

/** A part of a map, which still stands where the map does. */
export function withEntries(map: MapNode, entries: readonly MapEntry[]): MapNode {
  return { ...map, entries, start: startOf(map) }
}

/** Every text below a node, with its place. */
export function textsIn(node: SourceNode): { text: string; span: Span }[] {
  const found: { text: string; span: Span }[] = []
  collectTexts(node, found)
  return found
}

function collectTexts(node: SourceNode, found: { text: string; span: Span }[]): void {
  if (node.kind === 'list') for (const item of node.items) collectTexts(item, found)
  else if (node.kind === 'map') for (const { value } of node.entries) collectTexts(value, found)
  else if (typeof node.value === 'string') found.push({ text: node.value, span: node.span })
}
