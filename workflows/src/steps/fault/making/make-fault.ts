// From what a step says to what is done to nodes: which rule on which node, or which signal.
import { createHash } from 'node:crypto'
import type { JsonObject } from '../../../values/json/json-value.ts'
import type { StepClock } from '../../step-clock.ts'
import { StepError } from '../../step-error.ts'
import type { NodeHandle } from '../../step-kind.ts'
import { driverText } from '../container-field.ts'
import {
  type FaultKind,
  type FaultValues,
  isLinkKind,
  isMessageKind,
  isProcessKind,
  type LinkKind,
  linkRule,
  type MessageFaultKind,
  type ProcessKind,
  stateRule,
} from './fault-kinds.ts'
import type { FaultCounts, FaultMaker, FaultRequest, NodeFaultPort, ProcessHold, ProcessPort } from './fault-port.ts'

type Options = { signal: AbortSignal }

export interface FaultMaking extends FaultValues {
  readonly kind: FaultKind
  readonly name: string
  readonly clock: StepClock
  readonly forMs?: number | undefined
  /** Whose. For messages: who gets them. */
  readonly nodes: readonly NodeHandle[]
  /** From whom and to whom, instead. */
  readonly from: readonly NodeHandle[]
  readonly to: readonly NodeHandle[]
  /** A partition of several. */
  readonly groups: readonly (readonly NodeHandle[])[]
  readonly messages?: MessageChoice
}

export interface MessageChoice {
  readonly kinds?: readonly string[] | undefined
  readonly channel?: string | undefined
  readonly count?: number | undefined
}

interface Placed {
  readonly port: NodeFaultPort
  readonly rule: JsonObject
}

export function makeFault(making: FaultMaking): FaultRequest {
  const { kind, name, clock, forMs } = making
  const all = [...making.nodes, ...making.from, ...making.to, ...making.groups.flat()]
  const nodes = [...new Set(all.map((node) => node.name))]
  const isMomentary = kind === 'restart'
  const endsWithRun = kind === 'pause'
  const common = { name, what: whatOf(making), nodes, clock, forMs, isMomentary, endsWithRun }
  if (isProcessKind(kind)) return { ...common, ...processFault(kind, making.nodes) }
  const id = idOf(name)
  const placed: Placed[] = []
  const makers = new Set<FaultMaker>()
  return {
    ...common,
    madeBy: () => (isLinkKind(kind) ? [...makers].toSorted() : []),
    end: (options) => allOf(placed.map(({ port }) => port.take(id, options))),
    async begin(options: Options) {
      placed.push(...(await placesOf(making, options)))
      await allOf(placed.map(async ({ port, rule }) => makers.add(await port.put(id, rule, options))))
    },
    async counts(options) {
      return sumOf(await Promise.all(placed.map(({ port }) => port.counts(id, options))))
    },
  }
}

/** What nodes take. */
const ID_MAX_CHARS = 120

/** A name that is made of many nodes may be longer than nodes take. */
function idOf(name: string): string {
  if (name.length <= ID_MAX_CHARS) return name
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 16)
  return `${name.slice(0, ID_MAX_CHARS - digest.length - 1)} ${digest}`
}

export function whatOf({ kind, nodes, from, to, groups }: Omit<FaultMaking, 'name' | 'clock'>): string {
  const names = (list: readonly NodeHandle[]) => list.map(({ name }) => name).join(', ')
  if (groups.length > 0) return `${kind} of ${groups.map(names).join(' | ')}`
  if (from.length === 0 && to.length === 0) return `${kind} of ${names(nodes)}`
  return `${kind} from ${from.length === 0 ? 'all' : names(from)} to ${to.length === 0 ? 'all' : names(to)}`
}

function processFault(
  kind: ProcessKind,
  nodes: readonly NodeHandle[],
): Pick<FaultRequest, 'begin' | 'end'> & Partial<Pick<FaultRequest, 'isOn'>> {
  if (kind === 'restart') {
    return {
      begin: (options) => allOf(nodes.map((node) => processOf(node).restart(options))),
      end: async () => undefined,
    }
  }
  let holds: readonly ProcessHold[] = []
  return {
    begin(options, onBroken) {
      holds = nodes.map((node) => processOf(node).hold(kind, onBroken))
      return allOf(holds.map((hold) => hold.begin(options)))
    },
    end: (options) => allOf(holds.map((hold) => hold.release(options))),
    isOn: () => holds.some(({ isOn }) => isOn),
  }
}

/** All of them come to their end, however others do: what comes about after its end was asked for would stay. */
async function allOf(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

async function placesOf(making: FaultMaking, options: Options): Promise<Placed[]> {
  const { kind, nodes } = making
  if (isLinkKind(kind)) return linkPlaces(kind, making, options)
  if (isMessageKind(kind)) return messagePlaces(kind, making, options)
  if (isProcessKind(kind)) return []
  return nodes.map((node) => ({ port: portOf(node), rule: stateRule(kind, making) }))
}

async function linkPlaces(kind: LinkKind, making: FaultMaking, options: Options): Promise<Placed[]> {
  const { nodes, from, to, groups } = making
  const rule = linkRule(kind, making)
  if (groups.length > 0) {
    // One end of each pair is enough.
    return Promise.all(
      groups.slice(0, -1).flatMap((group, at) =>
        group.map(async (node) => {
          const peers = await peersOf(groups.slice(at + 1).flat(), options)
          return { port: portOf(node), rule: { ...rule, direction: 'both', peers } }
        }),
      ),
    )
  }
  // A partition of whole nodes is one both ways; everything else is about what is sent.
  const direction = kind === 'partition' && from.length === 0 && to.length === 0 ? 'both' : 'out'
  if (from.length === 0 && to.length > 0) {
    return to.map((node) => ({ port: portOf(node), rule: { ...rule, direction: 'in' } }))
  }
  const peers = to.length === 0 ? {} : { peers: await peersOf(to, options) }
  const senders = from.length === 0 ? nodes : from
  return senders.map((node) => ({ port: portOf(node), rule: { ...rule, direction, ...peers } }))
}

/** On who gets them: whatever way they take, they come there. */
async function messagePlaces(kind: MessageFaultKind, making: FaultMaking, options: Options): Promise<Placed[]> {
  const { nodes, from, to, percent, seed } = making
  const { kinds, channel, count } = making.messages ?? {}
  const message: JsonObject = {
    action: kind,
    ...(from.length > 0 && { from: await peersOf(from, options) }),
    ...(kinds && { kinds: [...kinds] }),
    ...(channel !== undefined && { channel }),
    ...(count !== undefined && { count }),
    ...(percent !== undefined && { percent }),
    ...(seed !== undefined && { seed }),
  }
  return (to.length > 0 ? to : nodes).map((node) => ({ port: portOf(node), rule: { message } }))
}

function peersOf(nodes: readonly NodeHandle[], options: Options): Promise<string[]> {
  return Promise.all(nodes.map((node) => portOf(node).peerId(options)))
}

/** Never passed over in silence: a fault that did not happen proves nothing. */
function portOf(node: NodeHandle): NodeFaultPort {
  if (node.faults !== undefined) return node.faults
  const message = `nothing can be done to ${node.name} from here: its driver has no faults${driverText(node)}`
  throw new StepError('unsupported', message, { node: node.name })
}

function processOf(node: NodeHandle): ProcessPort {
  if (node.process !== undefined) return node.process
  const message = `${node.name} cannot be stopped or paused from here${driverText(node)}`
  throw new StepError('unsupported', message, { node: node.name })
}

function sumOf(all: readonly (FaultCounts | undefined)[]): FaultCounts | undefined {
  const told = all.filter((counts) => counts !== undefined)
  if (told.length === 0) return undefined
  const sum: Record<string, number> = {}
  for (const counts of told) for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count
  // Of all that were asked nobody knows that none was met.
  if (told.length < all.length && sum.matched === 0) delete sum.matched
  return sum
}
