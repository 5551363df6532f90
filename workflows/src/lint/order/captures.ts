// What a step's captures are called from then on: ids of new things get symbols of their own, other names of known things
// the known symbol.
import { outputSources } from '../../values/capture-outputs.ts'
import { type LintStep, textField } from '../source/lint-step.ts'
import { type ReadOf, type Symbols, symbolOfText, symbolText } from './symbols.ts'

/** Kinds that make something, and the fields of the reply that are its id. The first is what the step is about. */
const MADE: Readonly<Record<string, readonly string[]>> = {
  create_context: ['contextId'],
  create_mesh: ['contextId', 'namespaceId', 'groupId'],
  create_namespace: ['namespaceId'],
  create_group_in_namespace: ['groupId'],
}

/** Kinds whose reply repeats what they were asked for: field of the reply → field of the step. */
const REPEATED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  join_context: { contextId: 'context_id' },
  join_namespace: { namespaceId: 'namespace_id' },
  join_subgroup_inheritance: { groupId: 'group_id' },
}

/** `where` tells runs of the same step apart. Returns the symbols of what the step made, as texts. */
export function bindCaptures(step: LintStep, symbols: Symbols, where: string, read: number | undefined): string[] {
  const { kind, path, outputs, input } = step.planned
  const id = `${path}${where}`
  // The group of a new mesh is its namespace.
  const symbolOf = (field: string) =>
    `new:${kind === 'create_mesh' && field === 'groupId' ? 'namespaceId' : field}@${id}`
  const made = MADE[kind] ?? []
  const repeated = REPEATED[kind] ?? {}
  const known = (source: string): string => {
    if (made.includes(source)) return symbolOf(source)
    const asked = input[repeated[source] ?? '']
    const text = typeof asked === 'string' ? symbols.text(asked) : ''
    return text === '' ? `${source}@${id}` : symbolOfText(text)
  }
  bindOwn(step, symbols, known)
  const bound: string[] = []
  for (const [name, source] of outputs === undefined ? [] : outputSources(outputs)) {
    const symbol = known(source)
    bound.push(symbolText(symbol))
    const reads: ReadOf[] = read === undefined ? [] : [{ id: read, isEnvelope: kind === 'call' && source === 'result' }]
    symbols.set(name, { symbol, ...(reads.length > 0 && { reads }) })
  }
  const ids = made.map((field) => symbolText(symbolOf(field)))
  return kind === 'call' ? bound : ids
}

/** Names that are set without being asked for. */
function bindOwn(step: LintStep, symbols: Symbols, known: (source: string) => string): void {
  const { kind, outputs } = step.planned
  const node = textField(step, kind === 'create_mesh' ? 'context_node' : 'node') ?? ''
  const bind = (name: string, source: string) => symbols.set(name, { symbol: known(source) })
  if (kind === 'create_context' || kind === 'join_context') bind(`context_id_${node}`, 'contextId')
  if (kind === 'create_namespace' || kind === 'join_namespace' || kind === 'create_mesh') {
    bind(`namespace_id_${node}`, 'namespaceId')
  }
  if (kind !== 'create_mesh') return
  bind('namespace_id', 'namespaceId')
  if (outputs !== undefined) return
  bind('context_id', 'contextId')
  if (symbols.get('group_id') === undefined) bind('group_id', 'namespaceId')
}
