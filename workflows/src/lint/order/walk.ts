// Goes through the steps as a run would, each repeated body twice, and notes which checks nothing orders after the writes
// they depend on.
import type { PlannedVariable } from '../../plan/plan-types.ts'
import { WALKED_STEPS_MAX } from '../limits.ts'
import { type LintStep, textField, textsField } from '../source/lint-step.ts'
import { statementsOf } from '../source/statements.ts'
import { bindCaptures } from './captures.ts'
import { ownConditions } from './conditions.ts'
import { ARRIVALS, GOVERNANCE_READS, GOVERNANCE_WRITES, type GovernanceEffect, NEUTRAL, NEVER_DONE } from './effects.ts'
import { expectsMore, judges, type Read } from './judgement.ts'
import { Membership } from './membership.ts'
import type { DownUse, OrderFacts, Race } from './order-facts.ts'
import { callFacts, type GovernanceFacts, isRelated, type ReadEffect } from './related.ts'
import { entriesOf, iterationOf, knownValue, type Scope } from './scopes.ts'
import { placeholderNames, Symbols } from './symbols.ts'
import { World } from './world.ts'

/** Where the walk is: what is known there, and what tells this iteration from others. */
interface Place extends Scope {
  readonly world: World
  /** Reads that were checked, for the groups beside this one. */
  readonly checked: ReadEffect[]
  /** Inside of a step that is run again until it passes: a check that comes too early is made once more. */
  readonly isRepeatedUntilTrue: boolean
}

export function orderFacts(
  steps: readonly LintStep[],
  vars: readonly PlannedVariable[],
  nodes: readonly string[],
): OrderFacts {
  const walk = new Walk(nodes)
  const symbols = new Symbols(vars.map(({ name, value }) => [name, knownValue(value, `${name}@vars`, new Symbols())]))
  walk.list(steps, { world: new World(nodes), symbols, where: '', checked: [], isRepeatedUntilTrue: false })
  const { sleepsInTrouble, underFault } = walk
  return { races: walk.races(), downUses: walk.downUses(), sleepsInTrouble, underFault }
}

class Walk {
  readonly sleepsInTrouble = new Set<LintStep>()
  readonly underFault = new Set<LintStep>()
  readonly #nodes: readonly string[]
  readonly #membership: Membership
  readonly #races = new Map<string, Race>()
  readonly #downUses = new Map<string, DownUse>()
  readonly #reads: Read[] = []
  #walked = 0

  constructor(nodes: readonly string[]) {
    this.#nodes = nodes
    this.#membership = new Membership(nodes)
  }

  races(): Race[] {
    // What is captured and no statement is about is shown to people: they look at it, too.
    for (const { effect, race, isJudged } of this.#reads) {
      if (race !== undefined && !isJudged && effect.step.planned.outputs !== undefined) this.#add(race)
    }
    return [...this.#races.values()].sort((a, b) => a.read.order - b.read.order)
  }

  downUses(): DownUse[] {
    return [...this.#downUses.values()]
  }

  list(steps: readonly LintStep[], place: Place): void {
    for (const step of steps) {
      this.#walked += 1
      this.#step(step, place)
    }
  }

  #step(step: LintStep, place: Place): void {
    const { controls } = step.planned
    if (controls?.forEach === undefined) {
      this.#controlled(step, place)
    } else {
      for (const entry of entriesOf(controls.forEach, step, place)) this.#controlled(step, { ...place, ...entry })
    }
  }

  /** Within the keys that any step may have. */
  #controlled(step: LintStep, place: Place): void {
    const { controls } = step.planned
    const symbols = controls?.vars === undefined ? place.symbols : place.symbols.scope()
    for (const [name, value] of Object.entries(controls?.vars ?? {})) {
      symbols.set(name, knownValue(value, `${name}@${step.planned.path}`, place.symbols))
    }
    const again = controls?.eventually !== undefined || controls?.retry !== undefined
    const inner = { ...place, symbols, isRepeatedUntilTrue: place.isRepeatedUntilTrue || again }
    const node = this.#nodeOf(step, 'node', inner)
    // It waits for what the calls before it wrote.
    if (controls?.after !== undefined && node !== undefined) place.world.arrived([node], 'all')
    this.#noteDown(step, node, inner)
    if (place.world.trouble.mayBeOn) this.underFault.add(step)
    this.#kind(step, node, inner)
    if (node === undefined || step.planned.expectedFailure) return
    this.#membership.learn(step, node, symbols)
    place.world.trouble.changeMembers(this.#membership.changeBy(step, node, symbols))
  }

  #kind(step: LintStep, node: string | undefined, place: Place): void {
    const { kind, expectedFailure } = step.planned
    switch (kind) {
      case 'repeat':
        this.#repeat(step, place)
        break
      case 'parallel':
        this.#parallel(step, place)
        break
      case 'block':
      case 'include':
        for (const branch of step.branches) this.list(branch, place)
        break
      case 'assert':
      case 'json_assert':
        this.#assert(step, place)
        break
      case 'wait':
        if (place.world.trouble.hasBeen) this.sleepsInTrouble.add(step)
        place.world.sleep(step)
        break
      case 'call':
        // One that is expected to fail writes nothing, and shows nothing.
        if (expectedFailure) bindCaptures(step, place.symbols, place.where, undefined)
        else this.#call(step, node, place)
        break
      default:
        if (!this.#governance(step, node, place)) this.#other(step, node, place)
    }
  }

  #call(step: LintStep, node: string | undefined, place: Place): void {
    const { world, symbols } = place
    const target = symbols.text(textField(step, 'context_id') ?? '')
    const call = callFacts(step, symbols)
    const effect = { step, node: node ?? '', about: 'context', target, call } as const
    const reads = node !== undefined && call.words.does === 'read' ? this.#read(effect, place) : undefined
    const bound = bindCaptures(step, symbols, place.where, reads)
    if (reads !== undefined && expectsMore(step, this.#reads[reads])) this.#confirm(reads, place)
    if (call.words.does !== 'write') return
    // On a node that is not known it may have been anywhere.
    if (node === undefined) world.everythingArrived('all')
    else world.write({ ...effect, makes: bound })
  }

  /** True for a kind that is in one of the tables of governance. */
  #governance(step: LintStep, node: string | undefined, place: Place): boolean {
    const { kind, expectedFailure, outputs } = step.planned
    const writes = GOVERNANCE_WRITES[kind]
    const reads = GOVERNANCE_READS[kind]
    if (writes === undefined && reads === undefined) return false
    if (expectedFailure || node === undefined) {
      bindCaptures(step, place.symbols, place.where, undefined)
      return true
    }
    const of = (table: GovernanceEffect) => {
      const target = place.symbols.text(textField(step, table.group) ?? '')
      return {
        step,
        node,
        about: 'governance',
        target,
        governance: governanceFacts(step, table, place.symbols),
      } as const
    }
    let read: number | undefined
    if (reads !== undefined) {
      read = this.#read(of(reads), place)
      const captures = reads.capturesAssert === true && outputs !== undefined
      const isExpected = expectsMore(step, this.#reads[read])
      if (reads.asserts === true || captures || isExpected) this.#confirm(read, place)
    }
    const makes = bindCaptures(step, place.symbols, place.where, read)
    if (writes !== undefined) place.world.write({ ...of(writes), makes })
    return true
  }

  #other(step: LintStep, node: string | undefined, { world, symbols, where }: Place): void {
    const { kind, input } = step.planned
    const arrival = ARRIVALS[kind]
    if (kind === 'wait_for_sync') this.#barrier(step, world, symbols)
    else if (kind === 'create_mesh') world.arrived(textsField(step, 'nodes'), 'all')
    else if (isFault(kind)) world.trouble.apply(step, nodesOf(step, node), textsField(step, 'peers'))
    else if (arrival !== undefined) {
      // "absent" shows that nothing came.
      if (kind === 'assert_ws_event' && input.absent === true) return
      if (arrival.node === undefined || node === undefined) world.everythingArrived(arrival.of)
      else world.arrived([node], arrival.of)
    } else if (!NEUTRAL.has(kind) && !NEVER_DONE.has(kind)) world.everythingArrived('all')
    bindCaptures(step, symbols, where, undefined)
  }

  #barrier(step: LintStep, world: World, symbols: Symbols): void {
    const context = textField(step, 'context_id')
    const target = context === undefined ? undefined : symbols.text(context)
    const nodes = textsField(step, 'nodes').map((name) => this.#literal(name, symbols) ?? '')
    // A node whose name is not known may be any of them.
    if (nodes.includes('') && ownConditions(step)?.length === 0) world.everythingArrived('all')
    else world.barrier(step, nodes.includes('') ? this.#nodes : nodes, target, true)
  }

  #repeat(step: LintStep, place: Place): void {
    const [body] = step.branches
    if (body === undefined) return
    const count = Number(step.planned.input.count ?? 1)
    const iterations = this.#walked > WALKED_STEPS_MAX ? 1 : Math.min(2, count)
    for (let iteration = 1; iteration <= iterations; iteration += 1) {
      this.list(body, { ...place, ...iterationOf(step, place, iteration) })
    }
  }

  /** Groups see what was before; what one of them checks is beside all that the others write. */
  #parallel(step: LintStep, place: Place): void {
    const groups = Array.isArray(step.planned.input.groups) ? step.planned.input.groups : []
    const ends = step.branches.map((branch, at) => {
      const group = groups[at]
      const count = typeof group === 'object' && group !== null && 'count' in group ? Number(group.count ?? 1) : 1
      const inner: Place = { ...place, world: place.world.fork(), checked: [] }
      if (step.branches.some((other) => other !== branch && makesFaults(other))) inner.world.trouble.beside()
      for (let iteration = 1; iteration <= Math.min(2, count); iteration += 1) {
        this.list(branch, { ...inner, ...iterationOf(step, { ...inner, where: `${place.where}/${at}` }, iteration) })
      }
      return inner
    })
    for (const reader of ends) {
      for (const writer of ends) if (writer !== reader) this.#beside(reader, writer, place.world)
      place.checked.push(...reader.checked)
    }
    place.world.join(ends.map(({ world }) => world))
  }

  #beside(reader: Place, writer: Place, before: World): void {
    for (const read of reader.checked) {
      const write = writer.world.writesSince(before).find(({ effect }) => isRelated(effect, read))?.effect
      if (write === undefined || write.about !== read.about) continue
      this.#add({
        read: read.step,
        readNode: read.node,
        write: write.step,
        writeNode: write.node,
        holder: write.node,
        about: read.about,
        sleeps: [],
        isConcurrent: true,
      })
    }
  }

  #assert(step: LintStep, place: Place): void {
    if (step.planned.input.non_blocking === true) return
    for (const statement of statementsOf(step)) {
      for (const name of placeholderNames(statement.text)) {
        for (const { id, isEnvelope } of place.symbols.get(name)?.reads ?? []) {
          const read = this.#reads[id]
          if (read !== undefined) read.isJudged = true
          if (judges(statement, isEnvelope, read)) this.#confirm(id, place)
        }
      }
    }
  }

  /** Returns the number of the read, for what is captured of it. */
  #read(effect: ReadEffect, place: Place): number {
    const race = place.world.raceOf(effect, (write) => isRelated(write, effect))
    this.#reads.push({ effect, race, isJudged: place.isRepeatedUntilTrue })
    return this.#reads.length - 1
  }

  /** The read is looked at: if it came too early, that matters. */
  #confirm(id: number, place: Place): void {
    const read = this.#reads[id]
    if (read === undefined) return
    read.isJudged = true
    if (place.isRepeatedUntilTrue) {
      place.world.arrived([read.effect.node], 'all')
      return
    }
    place.checked.push(read.effect)
    if (read.race !== undefined) this.#add(read.race)
  }

  #add(race: Race): void {
    const key = `${race.read.planned.path} ${race.isConcurrent}`
    if (!this.#races.has(key)) this.#races.set(key, race)
  }

  #noteDown(step: LintStep, node: string | undefined, place: Place): void {
    const { kind, expectedFailure, flaw, controls } = step.planned
    if (expectedFailure || flaw !== undefined || WORKS_ON_DOWN.has(kind) || place.isRepeatedUntilTrue) return
    if (controls?.if !== undefined) return
    const asked = node === undefined ? ASKED_NODES.has(kind) && textsField(step, ASKED_NODES.get(kind) ?? '') : [node]
    for (const name of asked === false ? [] : asked) {
      const since = place.world.trouble.downSince(name)
      if (since === undefined) continue
      const key = `${step.planned.path} ${name}`
      if (!this.#downUses.has(key)) this.#downUses.set(key, { step, node: name, since })
    }
  }

  #nodeOf(step: LintStep, field: string, place: Place): string | undefined {
    const given = textField(step, field)
    return given === undefined ? undefined : this.#literal(given, place.symbols)
  }

  /** Undefined: a placeholder, or no node of the run. */
  #literal(name: string, symbols: Symbols): string | undefined {
    const text = symbols.text(name)
    return this.#nodes.includes(text) ? text : undefined
  }
}

const FAULTS: ReadonlySet<string> = new Set(
  `stop_node start_node pause_container unpause_container restart_container disconnect_node connect_node partition_peers
   heal_peers fault heal`.split(/\s+/),
)

function isFault(kind: string): boolean {
  return FAULTS.has(kind)
}

function makesFaults(steps: readonly LintStep[]): boolean {
  return steps.some(
    ({ planned, branches }) =>
      FAULTS.has(planned.kind) || PASSING_FAULTS.has(planned.kind) || branches.some((branch) => makesFaults(branch)),
  )
}

/** Faults that are over when their step is. */
const PASSING_FAULTS: ReadonlySet<string> = new Set(['inject_network_fault', 'chaos'])

/** They do not ask the node, or are there for nodes that are down. */
const WORKS_ON_DOWN: ReadonlySet<string> = new Set([...FAULTS, 'node_exec', 'assert_log_present', 'assert_log_absent'])

/** Kinds that ask several nodes, and the field with their names. */
const ASKED_NODES: ReadonlyMap<string, string> = new Map([
  ['wait_for_sync', 'nodes'],
  ['create_mesh', 'nodes'],
])

function nodesOf(step: LintStep, node: string | undefined): readonly string[] {
  if (node !== undefined) return [node]
  return [...textsField(step, 'nodes'), ...textsField(step, 'container')]
}

function governanceFacts(step: LintStep, table: GovernanceEffect, symbols: Symbols): GovernanceFacts {
  const fields = (table.narrowedBy ?? []).flatMap((field): [string, string][] => {
    const text = textField(step, field)
    return text === undefined ? [] : [[field, symbols.text(text)]]
  })
  return { aspects: table.aspects, narrowedBy: new Map(fields) }
}
