// What the simulated members call, by application. Every value names its operation, so that the final state can be traced.
import type { Draws } from './draws.ts'
import type { AppName, Operation } from './scenario.ts'

type Call = Pick<Operation, 'method' | 'args'>

/** Of the calls of a scenario whose application has its state kept by the node, those that make several writes at once. */
export const BATCH_SHARES = [0.3, 0.6, 0.9] as const
const BATCH_MIN = 2
const BATCH_MAX = 8
/** What they take away depends on what is there: a call of their own. */
const ALONE: ReadonlySet<string> = new Set(['clear', 'reset'])

const KEYS = 24
const TAGS = 10
const WEIGHTS = [
  ['set', 46],
  ['set-new', 10],
  ['remove', 8],
  ['clear', 0.7],
  ['tag', 10],
  ['untag', 5],
  ['retitle', 6],
  ['annotate', 3],
  ['hit', 12],
  ['say', 2.5],
  ['pass', 0.15],
] as const

export function operationOf(app: AppName, draws: Draws, index: number): Call {
  if (app === 'collections') return collections(draws, index)
  return app === 'mixed' ? mixed(draws, index) : orderSensitive(draws, index)
}

export interface MadeCall {
  readonly call: Call
  readonly writes: number
  /** Writes that were drawn for it, each with a value of its own. */
  readonly drawn: number
}

/** A call of one write or several, the first of which is the `index`-th that is drawn. */
export function callOf(app: AppName, draws: Draws, index: number, batchShare: number): MadeCall {
  const isBatch = app !== 'order-sensitive' && draws.chance(batchShare)
  const count = isBatch ? draws.whole(BATCH_MIN, BATCH_MAX) : 1
  const all = Array.from({ length: count }, (_, at) => operationOf(app, draws, index + at))
  const [first = operationOf(app, draws, index)] = all
  // Of two that write the same cell only the order within the call would say which counts.
  const byCell = new Map(all.filter(({ method }) => !ALONE.has(method)).map((call) => [cellOf(call), call]))
  if (ALONE.has(first.method) || byCell.size < BATCH_MIN) return { call: first, writes: 1, drawn: count }
  const writes = [...byCell.values()].map(({ method, args }) => [method, ...Object.values(args)].join(' '))
  return { call: { method: 'batch', args: { writes: writes.join('\n') } }, writes: writes.length, drawn: count }
}

/** The writes of a call, each as if it were a call of its own. */
export function writesIn<T extends Call>(call: T): T[] {
  if (call.method !== 'batch') return [call]
  return (call.args.writes ?? '').split('\n').map((line) => {
    const [method = '', ...values] = line.split(' ')
    const names = ARGUMENTS[method] ?? []
    return { ...call, method, args: Object.fromEntries(names.map((name, at) => [name, values[at] ?? ''])) }
  })
}

function cellOf({ method, args }: Call): string {
  if (method === 'set' || method === 'remove') return `items ${args.key}`
  if (method === 'tag' || method === 'untag') return `tags ${args.value}`
  return method === 'retitle' || method === 'annotate' ? method : `${method} ${Object.values(args).join(' ')}`
}

/** Of the methods that have arguments. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  set: ['key', 'value'],
  remove: ['key'],
  tag: ['value'],
  untag: ['value'],
  retitle: ['value'],
  annotate: ['value'],
  say: ['id'],
  pass: ['id'],
  push: ['value'],
  insert: ['at', 'value'],
  replace: ['at', 'value'],
  drop: ['at'],
  type: ['at', 'text'],
  erase: ['at'],
  claim: ['key', 'value'],
  disclaim: ['key'],
  sign: ['value'],
  retract: ['at'],
  share: ['name', 'value'],
  keep: ['value'],
  freeze: ['value'],
  rank: ['key', 'value'],
  unrank: ['key'],
  poke: ['id'],
}

/** Methods that answer what they took away, or whether they did anything. */
export const ANSWERING: ReadonlySet<string> = new Set([
  'replace',
  'drop',
  'erase',
  'claim',
  'disclaim',
  'retract',
  'share',
  'release',
  'unrank',
])

/** One more write, which changes something whatever is there, and causes nothing else. */
export function writeOf(app: AppName, { node, atMs, id }: { node: string; atMs: number; id: string }): Operation {
  const value = `one more ${id}`
  if (app === 'mixed') return { atMs, node, method: 'set', args: { key: value, value } }
  return { atMs, node, method: app === 'collections' ? 'push' : 'append', args: { value } }
}

/** One more call with an event that others handle. Of an application that has such. */
export function eventOf(app: AppName, { node, atMs, id }: { node: string; atMs: number; id: string }): Operation {
  return { atMs, node, method: app === 'mixed' ? 'say' : 'poke', args: { id } }
}

/** One more call that counts, of an application that has such: what is applied twice is seen. */
export function countOf(app: AppName, { node, atMs }: { node: string; atMs: number }): Operation {
  return { atMs, node, method: app === 'mixed' ? 'hit' : 'visit', args: {} }
}

function mixed(draws: Draws, index: number): Call {
  const key = `k${draws.whole(0, KEYS - 1)}`
  const tag = `t${draws.whole(0, TAGS - 1)}`
  const value = `v${index}`
  const kind = draws.weighted(WEIGHTS)
  switch (kind) {
    case 'set':
      return { method: 'set', args: { key, value } }
    case 'set-new':
      return { method: 'set', args: { key: `own${index}`, value } }
    case 'remove':
      return { method: 'remove', args: { key } }
    case 'clear':
    case 'hit':
      return { method: kind, args: {} }
    case 'tag':
    case 'untag':
      return { method: kind, args: { value: tag } }
    case 'retitle':
    case 'annotate':
      return { method: kind, args: { value } }
    case 'say':
    case 'pass':
      return { method: kind, args: { id: value } }
  }
}

const COLLECTION_WEIGHTS = [
  ['push', 10],
  ['insert', 6],
  ['replace', 10],
  ['drop', 6],
  ['type', 10],
  ['erase', 6],
  ['earn', 4],
  ['spend', 4],
  ['visit', 8],
  ['reset', 3],
  ['claim', 10],
  ['disclaim', 3],
  ['sign', 4],
  ['retract', 3],
  ['share', 5],
  ['keep', 3],
  ['release', 1],
  ['freeze', 2],
  ['rank', 10],
  ['unrank', 7],
  ['poke', 2],
] as const
const CLAIMS = 12
export const SHARED = 4
/** Two thirds of them are there from the start. */
const RANKS = 48
/** Indexes are taken modulo what is there: few and the newest are changed by many at once. */
const PLACES = 40

function collections(draws: Draws, index: number): Call {
  const value = `v${index}`
  const at = String(draws.whole(0, PLACES))
  const key = `k${draws.whole(0, CLAIMS - 1)}`
  const name = String(draws.whole(0, SHARED - 1))
  const rank = `r${draws.whole(0, RANKS - 1)}`
  const method = draws.weighted(COLLECTION_WEIGHTS)
  switch (method) {
    case 'push':
    case 'sign':
    case 'keep':
    case 'freeze':
      return { method, args: { value } }
    case 'insert':
    case 'replace':
      return { method, args: { at, value } }
    case 'type':
      return { method, args: { at, text: value } }
    case 'drop':
    case 'erase':
    case 'retract':
      return { method, args: { at } }
    case 'claim':
      return { method, args: { key, value } }
    case 'disclaim':
      return { method, args: { key } }
    case 'rank':
      return { method, args: { key: rank, value } }
    case 'unrank':
      return { method, args: { key: rank } }
    case 'poke':
      return { method, args: { id: value } }
    case 'share':
      return { method, args: { name, value } }
    default:
      return { method, args: {} }
  }
}

function orderSensitive(draws: Draws, index: number): Call {
  const value = `v${index}`
  if (draws.chance(0.5)) return { method: 'append', args: { value } }
  return { method: 'set', args: { key: `k${draws.whole(0, 7)}`, value } }
}
