// What the schema of the keys that any step may have cannot say: which of them go together, and with which kinds.

import { DURATION_MAX_SEC } from '@calbox/schemas'
import { assertStatementFlaw, type StatementFlaw } from '../../values/assert-statement.ts'
import { durationSec } from '../../values/duration.ts'
import { expectationFlaw } from '../../values/expectation.ts'
import { FOR_EACH_MAX } from '../limits.ts'
import type { FindingSink } from '../problem.ts'
import { entryOf, type MapNode, type SourceNode, startOf, textOf, type ValuePath } from '../yaml/source-node.ts'
import { fieldNames } from './check-schema.ts'
import { nameOf } from './schema-view.ts'
import type { StepSchema } from './step-schema.ts'

/** Names before a dot that mean something else in a placeholder. */
const PLACEHOLDER_FAMILIES = ['install', 'context', 'identity', 'invite', 'matrix']

/** What a placeholder may stand for: one name, and nothing beside it. */
const WHOLE_PLACEHOLDER = /^\{\{[^{}]+\}\}$/

/** `node` holds these keys only. False where the step cannot be planned. */
export function checkControlRules(kind: StepSchema, node: MapNode, path: ValuePath, sink: FindingSink): boolean {
  const checker = new ControlChecker(kind, path, sink)
  const { entries } = node
  for (const { key, value } of entries) checker.check(key, value)
  const eventually = entryOf(node, 'eventually')
  if (eventually !== undefined && entryOf(node, 'retry') !== undefined) {
    checker.wrong(
      eventually.value,
      ['eventually'],
      '"eventually" and "retry" both run the step again',
      'keep one of them',
    )
  }
  return checker.valid
}

class ControlChecker {
  valid = true
  private readonly kind: StepSchema
  private readonly path: ValuePath
  private readonly sink: FindingSink

  constructor(kind: StepSchema, path: ValuePath, sink: FindingSink) {
    this.kind = kind
    this.path = path
    this.sink = sink
  }

  check(key: string, value: SourceNode): void {
    switch (key) {
      case 'if':
        this.statements(value, ['if'], assertStatementFlaw)
        return
      case 'for_each':
        this.forEach(value)
        return
      case 'eventually':
        this.eventually(value)
        for (const each of [undefined, 'within', 'every']) this.duration(value, key, each)
        return
      case 'timeout':
        this.duration(value, key)
        return
      case 'retry':
        this.duration(value, key, 'delay')
        return
      case 'expect':
        this.expect(value)
        return
      case 'after':
        this.after(value)
        this.duration(value, key, 'sync')
        return
      case 'vars':
        this.names(value)
    }
  }

  wrong(node: SourceNode, path: ValuePath, message: string, hint?: string): void {
    this.sink.add({ code: 'kind_check', span: startOf(node), path: [...this.path, ...path], message, hint })
    this.valid = false
  }

  private statements(node: SourceNode, path: ValuePath, flawOf: (text: string) => StatementFlaw | undefined): void {
    if (node.kind === 'list') {
      for (const [at, item] of node.items.entries()) this.statement(item, [...path, at], flawOf)
    } else this.statement(node, path, flawOf)
  }

  private statement(node: SourceNode, path: ValuePath, flawOf: (text: string) => StatementFlaw | undefined): void {
    const text = textOf(node.kind === 'map' ? entryOf(node, 'statement')?.value : node)
    if (text === undefined || WHOLE_PLACEHOLDER.test(text.trim())) {
      const isBare = text !== undefined && path[0] === 'expect'
      if (isBare)
        this.wrong(node, path, 'this is a value, not a statement', `write is_set(${text.trim()}), or compare it`)
      return
    }
    const flaw = flawOf(text)
    if (flaw === undefined) return
    const message = `this statement can never be true: ${flaw.message}`
    if (flaw.maybe !== true) {
      this.wrong(node, path, message, flaw.hint)
      return
    }
    this.sink.add({
      severity: 'warning',
      code: 'kind_check',
      span: startOf(node),
      path: [...this.path, ...path],
      message,
    })
  }

  private forEach(value: SourceNode): void {
    const as = value.kind === 'map' ? entryOf(value, 'as')?.value : undefined
    const name = textOf(as)
    if (as !== undefined && name !== undefined && PLACEHOLDER_FAMILIES.includes(name)) {
      const message = `"${name}" cannot be the name of an entry: {{${name}.x}} means something else`
      this.wrong(as, ['for_each', 'as'], message, 'choose another name')
    }
    const list = value.kind === 'map' ? entryOf(value, 'in')?.value : value
    if (list === undefined) return
    const text = textOf(list)
    const path = value.kind === 'map' ? ['for_each', 'in'] : ['for_each']
    if (text !== undefined && !WHOLE_PLACEHOLDER.test(text.trim())) {
      const hint = "write a list, or the placeholder of one: '{{names}}'"
      this.wrong(list, path, '"for_each" needs a list', hint)
    }
    if (list.kind === 'list' && list.items.length > FOR_EACH_MAX) {
      this.wrong(list, path, `"for_each" has ${list.items.length} entries; at most ${FOR_EACH_MAX} are run`)
    }
  }

  private eventually(value: SourceNode): void {
    if (this.kind.readsOnlyVariables !== true || (value.kind === 'scalar' && value.value === false)) return
    this.sink.add({
      severity: 'warning',
      code: 'kind_check',
      span: startOf(value),
      path: [...this.path, 'eventually'],
      message: `"${this.kind.kind}" reads variables, which do not change while it waits`,
      hint: 'put "eventually" on the step that reads, with "expect", or on a block of both steps',
    })
  }

  private expect(value: SourceNode): void {
    if (this.kind.hasNoReply === true) {
      this.wrong(value, ['expect'], `"expect" has nothing to look at: "${this.kind.kind}" gives no reply`)
    } else if (value.kind !== 'map') {
      this.statements(value, ['expect'], expectationFlaw)
    }
  }

  private after(value: SourceNode): void {
    const fields = fieldNames(this.kind.schema)
    if (fields.includes('node') && fields.includes('context_id')) return
    const message = `"after" needs a node and a context to wait for, and "${this.kind.kind}" does not have both`
    this.wrong(value, ['after'], message, 'put it on a call, or use wait_for_sync')
  }

  /** The schema bounds numbers, and cannot bound texts with a unit. */
  private duration(value: SourceNode, key: string, field?: string): void {
    const node = field === undefined || value.kind !== 'map' ? value : entryOf(value, field)?.value
    const text = textOf(node)
    if (node === undefined || text === undefined || !(durationSec(text) > DURATION_MAX_SEC)) return
    const path = node === value || field === undefined ? [key] : [key, field]
    this.wrong(node, path, `${nameOf(path)} must be at most ${DURATION_MAX_SEC} s, not ${text}`)
  }

  private names(value: SourceNode): void {
    if (value.kind !== 'map') return
    for (const { key, value: given } of value.entries) {
      const problem = variableNameProblem(key)
      if (problem !== undefined) this.wrong(given, ['vars', key], problem)
    }
  }
}

/** Why nothing could be read from a variable of this name. */
export function variableNameProblem(name: string): string | undefined {
  if (name.trim() === '') return 'a variable needs a name'
  if (name !== name.trim() || /[{}]/.test(name)) {
    return `"${name}" cannot be the name of a variable: no placeholder would find it`
  }
  return undefined
}
