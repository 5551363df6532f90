// `calbox events`: what happens on a node, as it happens, until Ctrl-C.
import { setTimeout as delay } from 'node:timers/promises'
import { isJsonObject, type JsonObject, type JsonValue } from '@calbox/workflows/json'
import { visibleText } from '@calbox/workflows/visible-text'
import type { Command } from 'commander'
import { counted } from '../../render/counted.ts'
import { createStyle, type Style } from '../../render/style.ts'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { parsePositive, parseText } from '../parse-option.ts'
import { rowsOf, short } from './answer-text.ts'
import { idOf } from './ids.ts'
import { saidAsAsked } from './json-failure.ts'
import { type Operating, perform } from './operate.ts'
import { type NodeOptions, withNodeOptions } from './target/node-options.ts'
import { findTarget } from './target/open-node.ts'

interface EventsOptions extends NodeOptions {
  readonly context?: readonly string[]
  readonly group?: readonly string[]
}

/** Contexts that are made while nothing happens in any group are found within this time. */
const REFRESH_MS = 5_000
/** Between two tries to reach a node that is gone. */
const RETRY_MS = 1_000
/** Of the data of one event, on a line. */
const SHOWN_CHARS = 200

export function registerEvents(program: Command, edge: CommandEdge): void {
  const command = program
    .command('events')
    .description('follow the events of a node until Ctrl-C; with --json one object a line')
    .option('--context <id...>', 'of these contexts only (default: of all that the node has)', collect)
    .option('--group <id...>', 'of these groups only', collect)
  withNodeOptions(command, parsePositive).action((options: EventsOptions) =>
    saidAsAsked(options, edge, () => follow(options, edge)),
  )
}

function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, parseText(text)]
}

/** Once it has watched, it goes on doing so when the connection ends: the node may be started again. */
async function follow(options: EventsOptions, edge: CommandEdge): Promise<void> {
  let node = options.node
  for (let watched = false, losses = 0; !edge.signal.aborted; ) {
    try {
      const target = await findTarget({ ...options, ...(node !== undefined && { node }) }, edge)
      node = target.name
      const run = async (on: Operating) => {
        await watch(on, options, edge, () => {
          if (watched && losses > 0) edge.stderr.write(`· watching again; what happened meanwhile is not shown\n`)
          watched = true
          losses = 0
        })
        return { json: null, text: '' }
      }
      await perform({ doing: 'following the events', run }, target, options, edge)
      return
    } catch (error) {
      if (!watched || !passes(error)) throw error
      if (losses === 0) edge.stderr.write(`calbox: ${error.message}; trying again until Ctrl-C\n`)
      else await delay(RETRY_MS, undefined, edge).catch(() => undefined)
      losses += 1
    }
  }
}

/** What a node that is started again, or a network that comes back, mends. */
function passes(error: unknown): error is CommandError {
  if (!(error instanceof CommandError)) return false
  if (error.code === 'REFUSED') return error.message.includes('HTTP 503')
  return error.code === 'UNREACHABLE' || error.code === 'NO_ANSWER' || error.code === 'NO_NODE'
}

async function watch(
  { client, step, node, signal }: Operating,
  options: EventsOptions,
  edge: CommandEdge,
  onFirst: () => void,
) {
  const { watchEvents, stringifyLosslessJson } = await import('@calbox/workflows')
  const { context: named = [], group: groupIds = [] } = options
  const contextIds = await Promise.all(named.map((text) => idOf('context', text, node, { signal })))
  const isAll = contextIds.length + groupIds.length === 0
  const topics = async () => {
    if (!isAll) return { contextIds, groupIds }
    const [contexts, namespaces] = await Promise.all([client.listContexts({ signal }), step('list_namespaces')])
    const namespaceIds = rowsOf(namespaces).map(({ namespaceId }) => String(namespaceId))
    const beneath = await Promise.all(namespaceIds.map((id) => step('list_namespace_groups', { namespace_id: id })))
    return {
      contextIds: rowsOf(contexts, 'contexts').map(({ id }) => String(id)),
      // A namespace is its own root group.
      groupIds: [...namespaceIds, ...beneath.flatMap((groups) => rowsOf(groups)).map(({ groupId }) => String(groupId))],
    }
  }
  let [contexts, groups] = [0, 0]
  const onWatching = (seen: { contextIds: readonly string[]; groupIds: readonly string[] }) => {
    onFirst()
    contexts += seen.contextIds.length
    groups += seen.groupIds.length
    const what = `${counted(contexts, 'context')} and ${counted(groups, 'group')}`
    edge.stderr.write(`· watching ${what} on ${node.name}; Ctrl-C ends it\n`)
    if (isAll) return
    const unseen = [...contextIds, ...groupIds].filter((id) => ![...seen.contextIds, ...seen.groupIds].includes(id))
    for (const id of unseen)
      edge.stderr.write(
        `calbox: ${node.name} shows no events of ${id}: it has none of that id, or not for this caller\n`,
      )
  }
  const onLost = (lost: { contextIds: readonly string[]; groupIds: readonly string[] }) => {
    contexts -= lost.contextIds.length
    groups -= lost.groupIds.length
    for (const id of [...lost.contextIds, ...lost.groupIds])
      edge.stderr.write(`calbox: ${node.name} shows no events of ${visibleText(id)} any more: not for this caller\n`)
  }
  const style = createStyle(edge.stdout, edge.env)
  const events = watchEvents(
    { client, topics, onWatching, onLost, ...(isAll && { refreshMs: REFRESH_MS }) },
    { signal },
  )
  try {
    for await (const event of events) {
      edge.stdout.write(
        options.json === true ? `${stringifyLosslessJson(event)}\n` : eventLines(event, style, new Date()),
      )
    }
  } catch (error) {
    // Ctrl-C is how one ends it.
    if (!signal.aborted) throw error
  }
}

function eventLines(event: JsonObject, style: Style, at: Date): string {
  const time = style.faint(at.toTimeString().slice(0, 8))
  const { contextId, groupId, type, data, ...rest } = event
  const of = style.place(typeof contextId === 'string' ? `context ${short(contextId)}` : `group ${short(groupId)}`)
  if (!isJsonObject(data) || !Array.isArray(data.events)) {
    const more = data ?? (Object.keys(rest).length === 0 ? undefined : rest)
    return `${time}  ${of}  ${visibleText(String(type))}${more === undefined ? '' : `  ${shown(more)}`}\n`
  }
  const head = `${time}  ${of}  ${visibleText(String(type))}  ${style.faint(`root ${short(data.newRoot)}`)}\n`
  return (
    head +
    data.events
      .filter(isJsonObject)
      .map((each) => `          ${eventText(each, style)}\n`)
      .join('')
  )
}

function eventText({ kind, data, handler }: JsonObject, style: Style): string {
  const text = bytesAsText(data)
  const handled = typeof handler === 'string' ? style.faint(`  → ${visibleText(handler)}`) : ''
  return `${style.strong(visibleText(String(kind)))}  ${text}${handled}`
}

/** Applications send JSON or any bytes. */
function bytesAsText(data: JsonValue | undefined): string {
  if (!Array.isArray(data)) return shown(data ?? null)
  const bytes = Uint8Array.from(data.map(Number))
  try {
    return cut(visibleText(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
  } catch {
    // No text.
    return counted(bytes.byteLength, 'byte')
  }
}

function shown(value: JsonValue): string {
  return cut(visibleText(JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))))
}

function cut(text: string): string {
  const line = text.replaceAll('\n', ' ')
  return line.length <= SHOWN_CHARS ? line : `${line.slice(0, SHOWN_CHARS)}…`
}
