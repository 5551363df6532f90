// Why nodes do not agree on a context, found out once the time is over: which deltas each lacks, who wrote them and who
// has them, and what waits on it for what. Best effort: a node that does not answer is left out.
import { ClientError } from '../../client/client-error.ts'
import { isJsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { pythonStr } from '../../values/python/python-text.ts'
import { shortened } from '../../values/shortened.ts'
import { DIAGNOSIS_ROWS_MAX, DIAGNOSIS_TIMEOUT_MS } from '../limits.ts'
import { StepError } from '../step-error.ts'
import type { NodeHandle } from '../step-kind.ts'
import { type DeltaPlace, deltaPlace, isSettled, optional, type Waiting, waitingOf } from './delta-place.ts'
import { deltas } from './settled.ts'
import { readOnce } from './sync-targets.ts'

export interface NodeDiagnosis {
  readonly node: string
  /** Short, for the table. */
  readonly lacks?: string
  readonly waits?: string
  /** For the message, one line each. */
  readonly lines: readonly string[]
}

interface Sighted {
  readonly node: NodeHandle
  /** Undefined: the node does not answer, and is asked nothing more. */
  readonly heads: readonly string[] | undefined
}

interface Lacking {
  readonly place: DeltaPlace
  readonly author: string | undefined
  readonly heldBy: readonly string[]
}

type Options = { signal: AbortSignal }

/** `of`: only these, compared with all. */
export async function diagnose(
  contextId: string,
  sighted: readonly Sighted[],
  { of, ...options }: Options & { readonly of?: readonly string[] },
): Promise<NodeDiagnosis[]> {
  const request = { ...options, timeoutMs: DIAGNOSIS_TIMEOUT_MS }
  const answering = sighted.filter(({ heads }) => heads !== undefined)
  const names = await authorNames(answering, request)
  const patients = of === undefined ? answering : answering.filter(({ node }) => of.includes(node.name))
  const doctor = new Doctor(contextId, answering, names, request)
  const found = await Promise.all(patients.map((each) => doctor.examine(each)))
  const [last, ...before] = found.toReversed()
  if (last === undefined || !found.some(({ lines }) => lines.some((line) => / min yet\)/.test(line)))) return found
  return [...before.reverse(), { ...last, lines: [...last.lines, ABOUT_FUTURE] }]
}

/** Once, however much waits. */
const ABOUT_FUTURE =
  'what waits for future is stamped more than 10 min ahead of the clock there: the clock of its author was wrong. It is taken by ' +
  'itself in the time that is said, not before (docs/faults.md, A wrong clock)'

type Request = Options & { readonly timeoutMs: number }

/** Whatever a node of the run is called by in what nodes tell: its public key, account and device → its name. */
export async function authorNames(
  sighted: readonly Pick<Sighted, 'node'>[],
  request: Request,
): Promise<ReadonlyMap<string, string>> {
  const pairs = await Promise.all(
    sighted.map(async ({ node }) => {
      const identity = await attempt(() => node.client.identity(request), request)
      if (!isJsonObject(identity)) return []
      const ids = [identity.publicKey, identity.accountId, identity.deviceId]
      return ids.flatMap((id) => (typeof id === 'string' ? [[id, node.name] as const] : []))
    }),
  )
  return new Map(pairs.flat())
}

class Doctor {
  readonly #contextId: string
  readonly #all: readonly Sighted[]
  readonly #names: ReadonlyMap<string, string>
  readonly #request: Request

  constructor(contextId: string, all: readonly Sighted[], names: ReadonlyMap<string, string>, request: Request) {
    this.#contextId = contextId
    this.#all = all
    this.#names = names
    this.#request = request
  }

  async examine(patient: Sighted): Promise<NodeDiagnosis> {
    const { name } = patient.node
    const lacking = await this.#lacking(patient)
    const waiting = await this.#waiting(patient.node)
    const lines = [
      ...(lacking.length === 0 ? [] : [`${name} lacks ${this.#more(lacking.length)}:`]),
      ...lacking.map((each) => `  ${this.#describe(each)}`),
      ...waiting.map((line) => `${name}: ${line}`),
    ]
    return {
      node: name,
      ...(lacking.length > 0 && { lacks: this.#more(lacking.length) }),
      ...(waiting.length > 0 && { waits: waiting.join('; ') }),
      lines,
    }
  }

  #more(count: number): string {
    return count >= DIAGNOSIS_ROWS_MAX ? `${DIAGNOSIS_ROWS_MAX} deltas or more` : deltas(count)
  }

  /** From the heads of the others down to what the node has, nearest to the heads first. */
  async #lacking({ node, heads }: Sighted): Promise<Lacking[]> {
    const own = new Set(heads ?? [])
    const others = this.#all.filter((each) => each.node !== node)
    const queue = [...new Set(others.flatMap((each) => each.heads ?? []))].filter((head) => !own.has(head))
    const seen = new Set(queue)
    const found: Lacking[] = []
    for (let id = queue.shift(); id !== undefined && found.length < DIAGNOSIS_ROWS_MAX; id = queue.shift()) {
      const place = await this.#place(node, id)
      if (place === undefined) break
      if (isSettled(place)) continue
      const held = await this.#heldBy(id, others)
      const author = held.author ?? place.author
      found.push({ place, author, heldBy: held.names })
      for (const parent of held.parents) {
        if (seen.has(parent) || own.has(parent)) continue
        seen.add(parent)
        queue.push(parent)
      }
    }
    return found
  }

  async #heldBy(id: string, others: readonly Sighted[]) {
    const places = await Promise.all(
      others.map(async ({ node }) => ({ name: node.name, place: await this.#place(node, id) })),
    )
    const holders = places.filter(({ place }) => place !== undefined && isSettled(place))
    const known = holders.find(({ place }) => place?.author !== undefined)?.place
    return { names: holders.map(({ name }) => name), author: known?.author, parents: known?.parents ?? [] }
  }

  #place(node: NodeHandle, id: string): Promise<DeltaPlace | undefined> {
    return attempt(() => deltaPlace(node, this.#contextId, id, this.#request), this.#request)
  }

  #describe({ place, author, heldBy }: Lacking): string {
    const by = author === undefined ? '' : ` of ${this.#names.get(author) ?? `${author.slice(0, 8)}…`}`
    const where = heldBy.length === 0 ? '' : `, which ${heldBy.join(' and ')} ${heldBy.length === 1 ? 'has' : 'have'}`
    const here = place.state === 'unknown' ? '' : `; here it is ${place.state}${whyWaiting(place)}`
    return `${shortDelta(place.id)}${by}${where}${here}`
  }

  async #waiting(node: NodeHandle): Promise<string[]> {
    const at = `/admin-api/contexts/${encodeURIComponent(this.#contextId)}`
    const get = (path: string) =>
      attempt(() => optional(() => node.client.request('GET', `${at}${path}`, this.#request)), this.#request)
    const counts = await get('/waiting')
    if (!isJsonObject(counts)) return []
    const lists: readonly [string, string, (row: JsonValue) => string][] = [
      ['pending', '/waiting/pending', (row) => this.#row(row)],
      ['parked', '/waiting/parked', (row) => this.#row(row)],
      ['handlers', '/waiting/handlers', handlerText],
      ['deadLetters', '/dead-letters', handlerText],
    ]
    const lines: string[] = []
    for (const [name, path, describe] of lists) {
      if (Number(counts[name] ?? 0) === 0) continue
      const reply = await get(`${path}?limit=${DIAGNOSIS_ROWS_MAX}`)
      const rows = isJsonObject(reply) ? reply[name] : undefined
      const shown = Array.isArray(rows) ? rows.map(describe).join(', ') : ''
      lines.push(`${pythonStr(counts[name])} ${WORDS[name] ?? name}: ${shown}`)
    }
    return lines
  }

  #row(row: JsonValue): string {
    if (!isJsonObject(row)) return '?'
    const author =
      typeof row.author === 'string' ? ` of ${this.#names.get(row.author) ?? `${row.author.slice(0, 8)}…`}` : ''
    return `${shortDelta(pythonStr(row.deltaId))}${author}${whyWaiting(waitingOf(row))}`
  }
}

const WORDS: Readonly<Record<string, string>> = {
  pending: 'waiting for parents',
  parked: 'parked',
  handlers: 'event handlers to run',
  deadLetters: 'event handlers given up',
}

function whyWaiting({ reason, missing, takenInMs }: Waiting): string {
  if (reason === undefined) return ''
  const which = missing.length === 0 ? '' : ` ${missing.map(shortDelta).join(', ')}`
  const yet = takenInMs === undefined ? '' : `, ${Math.ceil(takenInMs / 60_000)} min yet`
  return ` (waits for ${reason}${which}${yet})`
}

function handlerText(row: JsonValue): string {
  if (!isJsonObject(row)) return '?'
  const error = typeof row.lastError === 'string' ? `, ${shortened(row.lastError, 120)}` : ''
  return `${pythonStr(row.handler)} (tried ${pythonStr(row.attempts)} times${error})`
}

/** The end of an id: it begins with a time, which what was written together has in common. */
export function shortDelta(id: string): string {
  return id.length <= 10 ? id : `…${id.slice(-8)}`
}

/** Heads of the context on these nodes as they are now. */
export async function sightHeads(
  contextId: string,
  nodes: readonly NodeHandle[],
  options: Options,
): Promise<Sighted[]> {
  const request = { ...options, timeoutMs: DIAGNOSIS_TIMEOUT_MS }
  const target = { kind: 'context', id: contextId } as const
  const read = (node: NodeHandle) => attempt(() => readOnce(node, target, request), request)
  return Promise.all(
    nodes.map(async (node) => {
      const sighting = await read(node)
      return { node, heads: sighting && (sighting.heads ?? []) }
    }),
  )
}

/** A report of a failure must not fail. */
export async function attempt<T>(ask: () => Promise<T>, { signal }: Options): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ClientError || error instanceof StepError) return undefined
    throw error
  }
}
