// The keys that any step may have (if, for_each, retry, …): checked, and brought into one form.

import { type StepControls, stepControls } from '@calbox/schemas'
import { durationSec } from '../../values/duration.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { checkControlRules } from '../check/check-controls.ts'
import { checkSchema, fieldNames } from '../check/check-schema.ts'
import type { StepSchema } from '../check/step-schema.ts'
import type { PlannedControls } from '../plan-types.ts'
import type { FindingSink } from '../problem.ts'
import { type MapNode, type ValuePath, withEntries } from '../yaml/source-node.ts'

const NAMES = fieldNames(stepControls)

/** Of kinds without fields of the same name; computed once for each. */
const namesByKind = new WeakMap<StepSchema, readonly string[]>()

/** A field that the kind has itself is the kind's. */
export function controlNames(kind: StepSchema): readonly string[] {
  const known = namesByKind.get(kind)
  if (known !== undefined) return known
  const own = new Set(fieldNames(kind.schema))
  const names = NAMES.filter((name) => !own.has(name))
  namesByKind.set(kind, names)
  return names
}

/** `valid` is false where the step cannot be planned. */
export interface ReadControls {
  readonly controls?: PlannedControls
  readonly valid: boolean
}

export function readControls(kind: StepSchema, node: MapNode, path: ValuePath, sink: FindingSink): ReadControls {
  const names = controlNames(kind)
  const entries = node.entries.filter(({ key }) => names.includes(key))
  if (entries.length === 0) return { valid: true }
  const own = withEntries(node, entries)
  const checked = checkSchema(stepControls, own, path, sink)
  const ruled = checkControlRules(kind, own, path, sink)
  if (checked === undefined || !ruled) return { valid: false }
  return { controls: planned(checked as Checked), valid: true }
}

/** The values of the file are JSON, of which the schema's type knows nothing. */
type Checked = Pick<StepControls, 'if' | 'retry' | 'timeout' | 'eventually' | 'after'> & {
  readonly for_each?: JsonValue
  readonly vars?: JsonObject
  readonly expect?: JsonValue
}

function planned(given: Checked): PlannedControls {
  const { retry, timeout, eventually, after, vars } = given
  const condition = given.if
  return {
    ...(given.for_each !== undefined && { forEach: forEachOf(given.for_each) }),
    ...(condition !== undefined && { if: typeof condition === 'string' ? [condition] : condition }),
    ...(retry !== undefined && { retry: retryOf(retry) }),
    ...(eventually !== undefined && eventually !== false && { eventually: eventuallyOf(eventually) }),
    ...(timeout !== undefined && { timeoutSec: durationSec(timeout) }),
    ...(vars !== undefined && { vars }),
    ...(after !== undefined && { after: after === 'sync' ? {} : { syncSec: durationSec(after.sync) } }),
    ...(given.expect !== undefined && { expect: given.expect }),
  }
}

function forEachOf(given: JsonValue): NonNullable<PlannedControls['forEach']> {
  if (!isJsonObject(given)) return { as: 'item', in: given }
  return { as: typeof given.as === 'string' ? given.as : 'item', in: given.in ?? [] }
}

function retryOf(given: NonNullable<StepControls['retry']>): NonNullable<PlannedControls['retry']> {
  const { attempts, delay = 1, backoff = 1 } = typeof given === 'number' ? { attempts: given } : given
  return { attempts, delaySec: durationSec(delay), backoff }
}

function eventuallyOf(given: NonNullable<StepControls['eventually']>): NonNullable<PlannedControls['eventually']> {
  if (typeof given === 'boolean') return {}
  const { within, every } = typeof given === 'object' ? given : { within: given, every: undefined }
  return {
    ...(within !== undefined && { withinSec: durationSec(within) }),
    ...(every !== undefined && { everySec: durationSec(every) }),
  }
}
