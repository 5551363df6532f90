// Reads a scenario from text: its whole shape, and that it names only nodes that are there. What is misspelt would else be a
// run without end, or one that shows less than whoever wrote it believes.
import { type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { problemsOf } from '../../src/server/routing/problem-text.ts'
import { PROBLEMS_NAMED_MAX, SCENARIO_MS_MAX } from '../limits.ts'
import {
  ALL_HOSTILE_ACTS,
  ALL_SERVINGS,
  APPS,
  CHORES,
  type Fault,
  type FaultKind,
  HOSTILE,
  honestNodes,
  MARKS,
  type Operation,
  type Scenario,
  SHARED_CHORES,
  TURNS,
  WAYS_OUT,
} from './scenario.ts'

/** A schema for each field of T: one that is forgotten, or is none of T's, is no TypeScript. */
type FieldsOf<T> = { readonly [Name in keyof T]-?: TSchema }
type Of<Kind extends FaultKind> = Extract<Fault, { kind: Kind }>

const closed = (fields: Readonly<Record<string, TSchema>>) => Type.Object(fields, { additionalProperties: false })
const oneOf = (words: readonly string[]) => Type.Union(words.map((word) => Type.Literal(word)))

const ms = Type.Number({ minimum: 0, maximum: SCENARIO_MS_MAX })
/** What nothing is divided by, and nothing happens again after, at once. */
const someMs = Type.Number({ minimum: 1, maximum: SCENARIO_MS_MAX })
const count = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
const rate = Type.Number({ minimum: 0, maximum: 1 })
const flag = Type.Boolean()
/** Of a node; the seed, which a file is named after, is one, too. */
const name = Type.String({ pattern: '^[A-Za-z0-9_-]+$' })
const names = Type.Array(name)
const during = { fromMs: ms, untilMs: ms }
const at = { atMs: ms }

const FAULTS: { readonly [Kind in FaultKind]: FieldsOf<Omit<Of<Kind>, 'kind'>> } = {
  loss: { rate, ...during },
  delay: { maxMs: ms, ...during },
  reorder: { rate, maxMs: ms, ...during },
  duplicate: { rate, ...during },
  'one-way': { from: names, to: names, ...during },
  partition: { sides: Type.Array(names), silent: flag, ...during },
  flap: { a: name, b: name, periodMs: someMs, ...during },
  slow: { node: name, delayMs: ms, bytesPerMs: Type.Number({ exclusiveMinimum: 0 }), ...during },
  skew: { node: name, skewMs: Type.Number({ minimum: -SCENARIO_MS_MAX, maximum: SCENARIO_MS_MAX }), ...at },
  crash: { node: name, batch: count, written: flag, downMs: ms, on: Type.Optional(oneOf(TURNS)), ...at },
  restart: { node: name, downMs: ms, clean: flag, ...at },
  late: { node: name, via: name, role: Type.Optional(Type.Literal('ReadOnly')), ...at },
  removal: { node: name, by: name, how: Type.Optional(oneOf(WAYS_OUT)), ...at },
  rotation: { node: name, ...at },
  chore: { node: name, chore: oneOf([...CHORES, ...SHARED_CHORES]), pick: Type.Integer({ minimum: 0 }), ...at },
  upgrade: { node: name, migrates: Type.Optional(Type.Literal(true)), ...at },
  stumble: { node: name, rate, ...during },
  presence: { node: name, shows: Type.Union([Type.String(), Type.Null()]), ...at },
  hostile: {
    member: flag,
    serving: oneOf(ALL_SERVINGS),
    acts: Type.Array(closed({ act: oneOf(ALL_HOSTILE_ACTS), ...at })),
  },
}

const operation: FieldsOf<Operation> = {
  node: name,
  method: Type.String({ minLength: 1 }),
  args: Type.Record(Type.String(), Type.String()),
  ...at,
}

const retention: FieldsOf<NonNullable<Scenario['retention']>> = {
  checkpointMin: count,
  absentMs: someMs,
  recentMax: Type.Optional(count),
  sweepEvery: Type.Optional(count),
}

/** Of the faults only that they have a kind: each is asked for the fields of its own. */
const FIELDS: FieldsOf<Scenario> = {
  v: Type.Literal(1),
  seed: name,
  app: oneOf(APPS),
  nodes: Type.Array(name, { minItems: 1, uniqueItems: true }),
  network: closed({ minDelayMs: ms, maxDelayMs: ms }),
  lag: closed({ diskMs: ms, guestMs: ms }),
  sync: closed({ everyMs: someMs, gapMs: someMs }),
  retention: Type.Optional(closed(retention)),
  slice: Type.Optional(count),
  // 0 where what was shrunk away was all that others could not spare.
  writesMin: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  operations: Type.Array(closed(operation)),
  faults: Type.Array(Type.Object({ kind: oneOf(Object.keys(FAULTS)) })),
  marks: Type.Optional(Type.Array(oneOf(MARKS))),
}
const SCENARIO = closed(FIELDS)

/** Throws an Error of one line, which names the places in the text. */
export function parseScenario(text: string): Scenario {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || !('v' in value) || value.v !== 1)
    throw new Error('this is no scenario of version 1')
  refuseIf(misshapen(SCENARIO, value, ''))
  // Its faults are looked at next.
  const scenario = value as Scenario
  refuseIf(scenario.faults.flatMap((fault, index) => misshapen(schemaOf(fault), fault, `/faults/${index}`)))
  refuseIf(impossible(scenario))
  return scenario
}

function schemaOf({ kind }: Fault): TSchema {
  return closed({ kind: Type.Literal(kind), ...FAULTS[kind] })
}

function misshapen(schema: TSchema, value: unknown, place: string): string[] {
  if (Value.Check(schema, value)) return []
  const { texts } = problemsOf(schema, value)
  // Which field that is, is said of the field.
  const telling = texts.filter((text) => !text.endsWith(' must not have additional properties'))
  return telling.map((text) => `${place}${text.replace(/ schema is false$/, ' is unknown')}`)
}

function refuseIf(problems: readonly string[]): void {
  if (problems.length === 0) return
  const left = problems.length - PROBLEMS_NAMED_MAX
  throw new Error(problems.slice(0, PROBLEMS_NAMED_MAX).join('; ') + (left > 0 ? `; ${left} more` : ''))
}

/** Where the parts do not fit each other. */
function impossible(scenario: Scenario): string[] {
  const { nodes, network, operations, faults } = scenario
  const problems: string[] = []
  const honest = new Set(honestNodes(scenario))
  const all = new Set([...honest, HOSTILE])
  const expect = (place: string, one: string, among: ReadonlySet<string>) => {
    if (!among.has(one))
      problems.push(`${place} names ${JSON.stringify(one)}, which is none of ${[...among].join(', ')}`)
  }
  if (operations.length === 0 && faults.length === 0)
    problems.push('/operations and /faults are empty: nothing happens')
  if (network.maxDelayMs < network.minDelayMs) problems.push('/network/maxDelayMs must be >= minDelayMs')
  for (const [index, each] of operations.entries()) expect(`/operations/${index}/node`, each.node, honest)
  for (const [index, fault] of faults.entries()) {
    const place = `/faults/${index}`
    if ('untilMs' in fault && fault.untilMs < fault.fromMs) problems.push(`${place}/untilMs must be >= fromMs`)
    // Of the network, which whoever is hostile is in, too.
    const among = 'untilMs' in fault && fault.kind !== 'stumble' ? all : honest
    for (const [field, each] of namedBy(fault)) expect(`${place}/${field}`, each, among)
    // Admins are made before anybody is late.
    if (fault.kind === 'removal') expect(`${place}/by`, fault.by, new Set(nodes))
  }
  const unfit = honestNodes(scenario).find((each, index, before) => each === HOSTILE || before.indexOf(each) < index)
  if (unfit !== undefined) problems.push(`${JSON.stringify(unfit)} is the name of another node`)
  return problems
}

/** Every node that it says something of, and where. */
function namedBy(fault: Fault): (readonly [field: string, name: string])[] {
  switch (fault.kind) {
    case 'flap':
      return [
        ['a', fault.a],
        ['b', fault.b],
      ]
    case 'one-way':
      return [...listed('from', fault.from), ...listed('to', fault.to)]
    case 'partition':
      return fault.sides.flatMap((side, index) => listed(`sides/${index}`, side))
    case 'late':
      return [
        ['node', fault.node],
        ['via', fault.via],
      ]
    case 'removal':
      return [
        ['node', fault.node],
        ['by', fault.by],
      ]
    default:
      return 'node' in fault ? [['node', fault.node]] : []
  }
}

function listed(field: string, all: readonly string[]): [field: string, name: string][] {
  return all.map((each, index) => [`${field}/${index}`, each])
}
