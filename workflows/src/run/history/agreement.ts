// Whether the nodes of a context have the same at the end of a run. Equal histories with another state fail it; other
// histories do not, because nothing says that the run waited for them: they are found, and told as what they are.
import type { StepClock } from '../../steps/step-clock.ts'
import { diagnose, shortDelta, sightHeads } from '../../steps/sync/diagnosis.ts'
import { HISTORY_DIAGNOSED_MAX, HISTORY_LOOKS, HISTORY_PAUSE_MS, HISTORY_WHY_LINES_MAX } from '../limits.ts'
import { differingEntries } from './differing-entries.ts'
import type { ContextApart, ContextDiffering, HistoryFindings, NotCompared } from './findings.ts'
import type { HistoryNodes, Silence } from './history-nodes.ts'
import { alikeIn, findDiffering, type Standing, standingOf } from './standing.ts'

export interface AgreementParts {
  readonly nodes: HistoryNodes
  readonly clock: StepClock
  /** Node → a fault that a step has begun and none has ended: not compared. */
  readonly faulty: ReadonlyMap<string, string>
  /** Node → what keeps it from the others besides: equal histories must be equal states there, too, but it may be behind. */
  readonly hindered: ReadonlyMap<string, string>
}

type Options = { readonly signal: AbortSignal }

/** One look at a context. */
interface View {
  readonly contextId: string
  readonly seen: readonly Standing[]
  readonly notCompared: readonly NotCompared[]
}

export const WHY_NOT: Readonly<Record<Silence, string | undefined>> = {
  stopped: 'it is stopped',
  paused: 'it is held still',
  unreachable: 'it does not answer',
  stateless: 'the state of the context has not arrived there',
  outside: 'it has left the context, or is no member of the group',
  mute: 'it does not tell what its state is made of',
  // It has no part in this context.
  absent: undefined,
}

export async function compareContexts(
  contexts: readonly string[],
  parts: AgreementParts,
  options: Options,
): Promise<Pick<HistoryFindings, 'nodes' | 'differing' | 'apart' | 'notCompared'>> {
  const views = new Map<string, View>()
  let open = contexts
  for (let looks = 1; ; looks += 1) {
    for (const contextId of open) views.set(contextId, await viewOf(contextId, parts, options))
    open = open.filter((contextId) => isOpen(views.get(contextId), parts))
    // What is under way, and what decides a state beside what is compared, has so long to arrive.
    if (open.length === 0 || looks === HISTORY_LOOKS) break
    await parts.clock.sleep(HISTORY_PAUSE_MS, options.signal)
  }
  const differing: ContextDiffering[] = []
  for (const view of views.values()) differing.push(...(await differingIn(view, parts.nodes, options)))
  const behind = open.filter((contextId) => differing.every((each) => each.contextId !== contextId))
  const apart: ContextApart[] = []
  for (const contextId of behind) apart.push(await explained(contextId, views, apart.length, parts, options))
  const seen = [...views.values()]
  return { nodes: equalNodes(seen), differing, apart, notCompared: notComparedIn(seen, parts) }
}

async function viewOf(contextId: string, { nodes, faulty }: AgreementParts, options: Options): Promise<View> {
  const rows = await Promise.all(
    nodes.names.map(async (node): Promise<{ standing?: Standing; why?: string | undefined }> => {
      const fault = faulty.get(node)
      if (fault !== undefined) return { why: stillOn(fault) }
      const answer = await nodes.ask(node, options, (handle, request) => standingOf(handle, contextId, request))
      if ('silence' in answer) return { why: WHY_NOT[answer.silence] }
      if (answer.told.hash === '') return { why: WHY_NOT.stateless }
      // Who was removed is brought up to nobody's state any more.
      return answer.told.isMember ? { standing: answer.told } : { why: 'it is no member of the group' }
    }),
  )
  const notCompared = rows.flatMap(({ why }, at) => {
    const node = nodes.names[at]
    return why === undefined || node === undefined ? [] : [{ node, why }]
  })
  return { contextId, seen: rows.flatMap(({ standing }) => standing ?? []), notCompared }
}

/** It may still become another one. */
function isOpen(view: View | undefined, { hindered }: AgreementParts): boolean {
  if (view === undefined) return false
  const free = view.seen.filter(({ node }) => !hindered.has(node))
  return findDiffering(view.seen) !== undefined || alikeIn(free).length > 1
}

/** In each context the one largest group of at least two; who stands outside of it anywhere is not one of them. */
function equalNodes(views: readonly View[]): string[] {
  const equal = new Set<string>()
  const odd = new Set<string>()
  for (const { seen } of views) {
    const [first = [], second = []] = alikeIn(seen)
    const largest = first.length > 1 && first.length > second.length ? first : []
    for (const each of seen) {
      if (largest.includes(each)) equal.add(each.node)
      else if (second.length > 0) odd.add(each.node)
    }
  }
  return [...equal].filter((node) => !odd.has(node))
}

/** Each once. Who is cut off and has what the others have was compared. */
function notComparedIn(views: readonly View[], { hindered }: AgreementParts): NotCompared[] {
  const found = new Map<string, NotCompared>()
  for (const { notCompared, seen } of views) {
    for (const each of notCompared) found.set(each.node, each)
    if (alikeIn(seen).length < 2) continue
    for (const { node } of seen) {
      const fault = hindered.get(node)
      if (fault !== undefined) found.set(node, { node, why: stillOn(fault) })
    }
  }
  return [...found.values()]
}

function stillOn(fault: string): string {
  return `${fault} is still on`
}

async function explained(
  contextId: string,
  views: ReadonlyMap<string, View>,
  before: number,
  { nodes }: AgreementParts,
  options: Options,
): Promise<ContextApart> {
  const alike = alikeIn(views.get(contextId)?.seen ?? [])
  const groups = alike.map((standings) => ({
    nodes: standings.map(({ node }) => node),
    heads: standings[0]?.heads.map(shortDelta).join(' ') || 'none',
    state: standings[0]?.hash.slice(0, 8) ?? '',
  }))
  const own = ownReasons(alike)
  if (before >= HISTORY_DIAGNOSED_MAX) return { contextId, groups, why: own }
  const handles = nodes.handles(groups.flatMap((group) => group.nodes))
  const sighted = await sightHeads(contextId, handles, options)
  // Those that have the same lack the same.
  const of = groups.flatMap((group) => group.nodes.slice(0, 1))
  const lines = (await diagnose(contextId, sighted, { ...options, of })).flatMap((each) => each.lines)
  return { contextId, groups, why: [...own, ...lines].slice(0, HISTORY_WHY_LINES_MAX) }
}

/** With the same heads: what else the states are made of. */
function ownReasons(alike: readonly (readonly Standing[])[]): string[] {
  const [first, ...others] = alike.flatMap(([standing]) => standing ?? [])
  if (first === undefined) return []
  return others.flatMap((other) => {
    if (`${other.heads}` !== `${first.heads}`) return []
    if (other.removals !== first.removals)
      return [`${other.node} knows of other removals of members than ${first.node}`]
    return [`${other.node} stands on another checkpoint than ${first.node}`]
  })
}

async function differingIn(
  { contextId, seen }: View,
  nodes: HistoryNodes,
  options: Options,
): Promise<ContextDiffering[]> {
  const differing = findDiffering(seen)
  if (differing === undefined) return []
  const names = differing.map(({ node }) => node)
  const entries = await differingEntries(contextId, names, nodes, options)
  return [{ contextId, nodes: differing.map(({ node, heads, hash }) => ({ node, heads, state: hash })), entries }]
}
