import { Type } from '@calbox/schemas'
import type { JsonObject } from '../../values/json/json-value.ts'
import { asList, closed } from '../fields.ts'
import { StepError } from '../step-error.ts'
import { defineStep, type StepContext } from '../step-kind.ts'
import { faultsOf } from './fault.ts'
import type { EndedFault, FaultCounts } from './making/fault-port.ts'

export const heal = defineStep({
  kind: 'heal',
  summary: 'End faults that fault has begun: by their names, of some nodes, or all.',
  schema: Type.Object(
    {
      fault: Type.Optional(
        Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String(), { minItems: 1 })], {
          description: 'Names of faults. One that has ended by itself is no mistake.',
        }),
      ),
      nodes: Type.Optional(
        Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String(), { minItems: 1 })], {
          description: 'All faults that one of these nodes has a part in.',
        }),
      ),
      all: Type.Optional(Type.Boolean({ description: 'true: all that are on.' })),
    },
    closed,
  ),
  checks: ({ fault, nodes, all }) =>
    [fault !== undefined, nodes !== undefined, all !== undefined].filter(Boolean).length === 1
      ? []
      : [{ path: [], message: 'one of "fault", "nodes" and "all" says what is to be healed' }],
  outputs: [
    { name: 'healed', description: 'By name: how long it lasted, writes meanwhile, and what it did to messages.' },
  ],
  honoursExpectedFailure: false,
  async run(input, context, options) {
    const ended: EndedFault[] = []
    const failures: Failure[] = []
    // The last one first: what was begun under it is mended while it is as it was then.
    for (const name of namesOf(input, context).toReversed()) {
      try {
        const one = await faultsOf(context).end(name, options)
        if (one) ended.push(one)
        // One of all that are on may have ended since, or could not be begun.
        else if (input.fault !== undefined) failures.push({ name, error: notOn(name, context) })
      } catch (error) {
        options.signal.throwIfAborted()
        failures.push({ name, error })
      }
    }
    throwFailures(failures)
    const idle = ended.filter(({ counts }) => counts?.matched === 0).map(({ name }) => name)
    const healed = Object.fromEntries(ended.map((each) => [each.name, factsOf(each)]))
    const summary = ended.length === 0 ? 'nothing was wrong' : ended.map(lineOf).join('; ')
    const warning = idle.length === 0 ? {} : { warning: `no message met ${idle.join(', ')}: it has shown nothing` }
    return { payload: { healed }, summary, ...warning }
  },
})

interface Failure {
  readonly name: string
  readonly error: unknown
}

/** Of one as it is; of several all that they say. */
function throwFailures(failures: readonly Failure[]): void {
  const [first] = failures
  if (first === undefined) return
  if (failures.length === 1) throw first.error
  const messages = failures.map(({ name, error }) => `\n    ${name}: ${error instanceof Error ? error.message : error}`)
  const message = `${failures.length} faults could not be healed:${messages.join('')}`
  throw new StepError('failed', message, { cause: first.error })
}

function namesOf(
  { fault, nodes, all }: { fault?: string | string[]; nodes?: string | string[]; all?: boolean },
  context: StepContext,
): string[] {
  const active = faultsOf(context).active()
  if (fault !== undefined) return asList(fault).map((name) => context.text(name))
  if (nodes !== undefined) {
    const wanted = asList(nodes).map((name) => context.node(name).name)
    return active.filter((each) => each.nodes.some((node) => wanted.includes(node))).map(({ name }) => name)
  }
  return all === true ? active.map(({ name }) => name) : []
}

function notOn(name: string, context: StepContext): StepError {
  const active = faultsOf(context).active()
  const list = active.length === 0 ? 'none is on' : `on are ${active.map((each) => each.name).join(', ')}`
  return new StepError('invalid', `there is no fault named ${name}; ${list}`)
}

function factsOf({ what, nodes, lastedMs, writes, counts, madeBy = [] }: EndedFault): JsonObject {
  const facts = { what, nodes: [...nodes], lasted_ms: Math.round(lastedMs), writes, ...(counts && { ...counts }) }
  return madeBy.length === 0 ? facts : { ...facts, made_by: madeBy.join(', ') }
}

function lineOf({ name, counts }: EndedFault): string {
  const told = counts === undefined ? '' : countsText(counts)
  return told === '' ? name : `${name} (${told})`
}

const SAID: Readonly<Record<string, string>> = { refusedWrites: 'writes refused' }

/** One message may come in several ways, each an arrival, and several may come in one. */
function countsText({ chosen = 0, matched = 0, ...rest }: FaultCounts): string {
  const shown = Object.entries(rest).filter(([name, count]) => count > 0 && name !== 'heldBytes')
  const done = shown.map(([name, count]) => `${count} ${SAID[name] ?? name}`).join(', ')
  if (chosen === 0 || matched === 0) return done
  const met = `${counted(chosen, 'message')} in ${counted(matched, 'arrival')}`
  return done === '' ? met : `${met}: ${done}`
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`
}
