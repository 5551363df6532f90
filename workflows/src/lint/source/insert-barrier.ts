// The edit that puts a wait_for_sync in front of a step, laid out like the steps around it.
import { entryOf, type SourceNode } from '../../plan/yaml/source-node.ts'
import type { Fix } from '../finding.ts'
import type { LintStep } from './lint-step.ts'

export interface NewBarrier {
  readonly nodes: readonly string[]
  /** The key under which the barrier says what has to agree, and the field of the step that has it. */
  readonly target: 'context_id' | 'group_id'
  readonly from: string
}

/** Undefined where the text is laid out in a way that this does not know: inside of [ ], or with the dash elsewhere. */
export function insertBarrier(step: LintStep, barrier: NewBarrier, text: string): Fix | undefined {
  const { node } = step
  const value = node === undefined ? undefined : entryOf(node, barrier.from)?.value
  if (node === undefined || value?.kind !== 'scalar') return undefined
  const lineStart = text.lastIndexOf('\n', node.span.start - 1) + 1
  const [, indent, gap] = /^( *)-( +)$/.exec(text.slice(lineStart, node.span.start)) ?? []
  const target = text.slice(value.span.start, value.span.end)
  if (indent === undefined || gap === undefined || target.includes('\n')) return undefined
  const previous = step.siblings[step.at - 1]?.node
  // Aliases and included files stand elsewhere.
  const isBelow = previous === undefined || previous.span.end <= lineStart
  if (!isBelow) return undefined
  const at = aboveComments(lineStart, previous === undefined ? startOfList(step) : endOf(previous), text)
  const body = `${indent} ${' '.repeat(gap.length)}`
  const lines = [
    `${indent}-${gap}name: Wait until ${listed(barrier.nodes)} agree`,
    `${body}type: wait_for_sync`,
    `${body}nodes: [${barrier.nodes.map(scalar).join(', ')}]`,
    `${body}${barrier.target}: ${target}`,
  ]
  const isSpaced = previous !== undefined && /\n[ \t]*\r?\n$/.test(text.slice(0, at))
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  const inserted = `${lines.join(newline)}${newline}${isSpaced ? newline : ''}`
  const description = `insert a wait_for_sync of ${listed(barrier.nodes)}`
  return { description, edits: [{ start: at, end: at, text: inserted }] }
}

/** Comments directly above a step are its own; nothing above `least` is looked at. */
function aboveComments(lineStart: number, least: number, text: string): number {
  let at = lineStart
  while (at > least) {
    const above = text.lastIndexOf('\n', at - 2) + 1
    if (above < least || !text.slice(above, at).trim().startsWith('#')) break
    at = above
  }
  return at
}

/** Up to the end of its last line: a comment behind it is not that of the next step. */
function endOf(node: SourceNode): number {
  return node.span.end
}

function startOfList(step: LintStep): number {
  const above = step.parent?.node
  return above === undefined ? 0 : above.span.start
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

function scalar(name: string): string {
  return /^[A-Za-z][\w-]*$/.test(name) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(name)
    ? name
    : `'${name.replaceAll("'", "''")}'`
}
