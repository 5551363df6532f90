// What `calnode inspect` and `check` say to people.
import { type ContextId, ID_LENGTH, idBase58, parseHexId } from '../base/ids.ts'
import type { Finding } from './check/finding.ts'
import type { Inspection } from './inspect.ts'
import type { InspectedContext } from './inspect-context.ts'

export function inspectionText({
  path,
  publicKey,
  contexts,
  unreadable,
  namespaces,
  applications,
  blobs,
  rows,
  format,
}: Inspection): string {
  const all = Object.values(rows).reduce(
    (sum, each) => ({ rows: sum.rows + each.rows, bytes: sum.bytes + each.bytes }),
    {
      rows: 0,
      bytes: 0,
    },
  )
  const lines = [
    `${path}`,
    `  public key    ${publicKey}`,
    `  store         format ${format}, ${all.rows} rows, ${all.bytes} bytes`,
    `  blobs         ${blobs.count}, ${blobs.bytes} bytes${blobs.unreadable > 0 ? `, ${blobs.unreadable} unreadable` : ''}`,
    ...applications.map(({ applicationId, source }) => `  application   ${applicationId}  ${oneLine(source)}`),
    ...namespaces.map(
      (each) => `  namespace     ${each.namespaceId}  ${each.operations} operations, ${each.keys} keys`,
    ),
    ...contexts.flatMap(contextLines),
    ...unreadable.flatMap(({ contextId, hex, why }) => [
      '',
      `  context       ${contextId} cannot be told: ${oneLine(why)}`,
      `    in logs     ${hex}`,
    ]),
  ]
  if (contexts.length + unreadable.length === 0) lines.push('  no context')
  return `${lines.join('\n')}\n`
}

function contextLines(context: InspectedContext): string[] {
  const { dag, state, parked, name, left } = context
  const notes = [
    ...(left ? ['left'] : []),
    ...(state.arriving ? ['a snapshot is arriving'] : []),
    ...(state.damaged === null ? [] : [`the state is damaged: ${state.damaged}`]),
  ]
  const { checkpoint } = dag
  return [
    '',
    `  context       ${context.contextId}${name === null ? '' : `  ${oneLine(name)}`}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`,
    `    in logs     ${context.hex}`,
    `    state       root ${state.root}, ${state.entries} entries, ${state.bytes} bytes (${context.storage} storage)`,
    `    base        root ${context.base.root}, ${context.base.entries} entries`,
    `    deltas      ${counts(dag.deltas)}; newest ${dag.newest ?? '-'}; ${dag.undo} undo records`,
    `    heads       ${dag.heads.length === 0 ? 'the base' : dag.heads.join(', ')}`,
    `    checkpoint  ${checkpoint === null ? 'none' : `${checkpoint.last}, ${checkpoint.count} deltas, ${checkpoint.vouches} vouches`}`,
    `    waiting     parked ${counts(parked)}; outbox ${context.outbox}; to be written again ${context.toBeWrittenAgain}`,
    `    handlers    ${context.handlers} queued, ${context.deadLetters} dead letters; ${context.calls} calls to other contexts`,
  ]
}

export function findingText({ kind, what, context, message, repair }: Finding): string {
  const of = context === undefined ? '' : ` of context ${contextText(context)}`
  const more = repair === undefined ? '' : `\n    repair: ${repair.does}`
  return `${kind === 'damage' ? '✗' : '·'} ${what}${of}: ${oneLine(message)}${more}\n`
}

/** As clients write it. Of a key that is damaged what there is of it. */
function contextText(hex: string): string {
  return hex.length === 2 * ID_LENGTH ? idBase58(parseHexId<ContextId>(hex)) : hex
}

function counts(by: Readonly<Record<string, number>>): string {
  const parts = Object.entries(by).map(([name, count]) => `${count} ${name}`)
  return parts.length === 0 ? 'none' : parts.join(', ')
}

/** Names and messages come from others: they are shown, never obeyed by a terminal. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd')
}
