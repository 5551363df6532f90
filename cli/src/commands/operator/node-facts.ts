// `calbox identity`, `health` and `peers`: of one node, or of all nodes of the last run beside each other.
import { isJsonObject, type JsonObject, type JsonValue } from '@calbox/workflows/json'
import type { Command } from 'commander'
import { failureOf } from '../../failure.ts'
import type { CommandEdge } from '../command-edge.ts'
import { parsePositive } from '../parse-option.ts'
import { QuietExit } from '../quiet-exit.ts'
import { type Columns, fieldOf, rowsOf, tableOf } from './answer-text.ts'
import { saidAsAsked, sayJson } from './json-failure.ts'
import { type Operating, perform, show } from './operate.ts'
import { type NodeOptions, withNodeOptions } from './target/node-options.ts'
import { findTargets } from './target/open-node.ts'

interface Facts {
  readonly name: string
  readonly summary: string
  readonly doing: string
  readonly columns: Columns
  readonly none: string
  /** Rows for the table; what is printed as JSON is the first or all of `json`. */
  read(
    on: Operating,
  ): Promise<{ readonly json: JsonValue; readonly rows: readonly JsonObject[]; readonly isBad?: boolean }>
}

const ALL: readonly Facts[] = [
  {
    name: 'identity',
    summary: 'account and keys of a node',
    doing: 'reading the identity',
    columns: { ACCOUNT: 'accountId', 'PUBLIC KEY': 'publicKey' },
    none: 'the node has no identity',
    async read({ step }) {
      const json = await step('node_identity')
      return { json, rows: rowsOf([json]) }
    },
  },
  {
    name: 'health',
    summary: 'whether a node is alive and ready; exits with 1 where one is not ready',
    doing: 'asking for the health',
    columns: { HEALTH: 'health', READY: 'ready', 'WHAT IS MISSING': 'reason' },
    none: 'no node',
    read: readHealth,
  },
  {
    name: 'peers',
    summary: 'the nodes that a node is connected to',
    doing: 'listing the peers',
    columns: { PEER: 'peer', ADDRESS: 'address', DIRECTION: 'direction', TOPICS: ({ topics }) => rowsOrCount(topics) },
    none: 'connected to no node',
    async read({ client, signal }) {
      const status = await client.networkStatus({ signal })
      const peers = rowsOf(fieldOf(status, 'network') ?? null, 'peers')
      return { json: { count: peers.length, peers }, rows: peers }
    },
  },
]

export function registerNodeFacts(program: Command, edge: CommandEdge): void {
  for (const facts of ALL) {
    const command = program.command(facts.name).description(`${facts.summary} (default: all nodes of the last run)`)
    withNodeOptions(command, parsePositive).action((options: NodeOptions) =>
      saidAsAsked(options, edge, () => tell(facts, options, edge)),
    )
  }
}

async function tell(facts: Facts, options: NodeOptions, edge: CommandEdge): Promise<void> {
  const targets = await findTargets(options, edge)
  const read = async (on: Operating) => {
    const { json, rows, isBad = false } = await facts.read(on)
    return { json: { json, rows: [...rows], isBad }, text: '' }
  }
  const outcomes = await Promise.allSettled(
    targets.map((target) => perform({ doing: facts.doing, run: read }, target, options, edge)),
  )
  const seen: {
    readonly node: string
    readonly json: JsonValue
    readonly rows: JsonObject[]
    readonly isBad: boolean
  }[] = []
  for (const [index, outcome] of outcomes.entries()) {
    const node = targets[index]?.name ?? ''
    if (outcome.status === 'rejected') {
      // One node that does not answer is no reason to keep silent about the others.
      if (targets.length === 1 || !(outcome.reason instanceof Error)) throw outcome.reason
      const failure = options.json === true ? await failureOf(outcome.reason) : undefined
      if (failure) sayJson(failure, edge)
      else edge.stderr.write(`calbox: ${outcome.reason.message}\n`)
    } else if (isJsonObject(outcome.value.json)) {
      const { json = null, rows = [], isBad } = outcome.value.json
      seen.push({ node, json, rows: rowsOf(rows), isBad: isBad === true })
    }
  }
  const rows = seen.flatMap(({ node, rows }) => rows.map((row) => ({ ...row, node })))
  const text = tableOf(rows, { NODE: 'node', ...facts.columns }, facts.none)
  const [first] = seen
  const json = targets.length === 1 && first ? first.json : seen.map(({ node, json }) => ({ node, answer: json }))
  await show({ json, text }, options, edge)
  if (seen.length < targets.length || seen.some(({ isBad }) => isBad)) throw new QuietExit(1)
}

/** A node that is not ready says so with an error status: here it is the answer. */
async function readHealth({ client, signal }: Operating) {
  const [health, ready] = await Promise.all([
    client.health({ signal }),
    client.ready({ signal }).catch((error: unknown) => notReady(error)),
  ])
  const row = {
    health: fieldOf(health, 'status') ?? null,
    ready: fieldOf(ready, 'status') ?? null,
    reason: fieldOf(ready, 'reason') ?? lackingOf(ready),
  }
  return { json: row, rows: [row], isBad: row.ready !== 'ready' }
}

/** What a node that is ready lacks all the same. */
function lackingOf(ready: JsonValue): JsonValue {
  const reasons = fieldOf(ready, 'reasons')
  return Array.isArray(reasons) ? reasons.join('; ') : null
}

/** The reply of a 503, which the error carries as the words of the node. */
async function notReady(error: unknown): Promise<JsonValue> {
  const { ClientError, parseLosslessJson, unwrapData } = await import('@calbox/workflows')
  if (!(error instanceof ClientError) || error.status !== 503) throw error
  try {
    return unwrapData(parseLosslessJson(error.data.detail ?? ''))
  } catch {
    // Words, and no reply.
    return { status: 'not ready', reason: error.data.detail ?? '' }
  }
}

function rowsOrCount(topics: JsonValue | undefined): JsonValue {
  return Array.isArray(topics) ? topics.length : null
}
