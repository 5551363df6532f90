// What a module needs to be instantiated, worked out once and plain enough to be sent to a worker with the compiled
// module; and the import object made from it for one call.
import { GuestFault } from '../call/guest-fault.ts'
import type { Invocation } from '../call/invocation.ts'
import { bindHostFunction, type ImportShape } from '../host/host-function.ts'
import { HOST_FUNCTIONS, HOST_MODULE } from '../host/host-table.ts'
import { type FunctionType, type ModuleSections, VALUE_TYPE } from './wasm-module.ts'

export interface PlannedImport extends ImportShape {
  readonly module: string
  readonly name: string
}

export interface LinkPlan {
  readonly imports: readonly PlannedImport[]
  /** Exported functions without parameters and results. */
  readonly methods: ReadonlySet<string>
  /** Exported functions that have some, and other exports: found, but not callable. */
  readonly otherExports: ReadonlySet<string>
  readonly storage: 'guest' | 'host'
}

/** A module ready to be instantiated. Structured clone carries it to another thread without a second compilation. */
export interface LoadedModule {
  readonly compiled: WebAssembly.Module
  readonly plan: LinkPlan
}

export function planLinks(sections: ModuleSections): LinkPlan {
  const methods = new Set<string>()
  for (const [name, type] of sections.functions) {
    if (type.params.length === 0 && type.results.length === 0) methods.add(name)
  }
  const imported = new Set(sections.imports.map((entry) => entry.name))
  const hostStorage = imported.has('flush_delta') || imported.has('persist_root_state')
  return {
    imports: sections.imports.map((entry) => ({ module: entry.module, name: entry.name, ...shapeOf(entry) })),
    methods,
    otherExports: new Set(sections.exports.filter((name) => !methods.has(name))),
    storage: hostStorage && !imported.has('commit') ? 'host' : 'guest',
  }
}

export function importObject(plan: LinkPlan, call: Invocation): Record<string, Record<string, unknown>> {
  const out: Record<string, Record<string, unknown>> = namesOnly()
  for (const entry of plan.imports) {
    const host = entry.module === HOST_MODULE ? HOST_FUNCTIONS.get(entry.name) : undefined
    const module = out[entry.module] ?? namesOnly()
    out[entry.module] = module
    module[entry.name] = host ? bindHostFunction(host, entry, call) : () => call.guarded(() => unknownImport(entry))
  }
  return out
}

/** The module chooses the names: in a plain object `__proto__` and `constructor` would be the host's own. */
function namesOnly<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>
}

function unknownImport(entry: PlannedImport): never {
  throw new GuestFault('unsupported', `the guest called "${entry.module}.${entry.name}", which this host does not know`)
}

function shapeOf(type: FunctionType): ImportShape {
  const [result] = type.results
  if (result === undefined) return { arity: type.params.length, result: 'none' }
  return { arity: type.params.length, result: result === VALUE_TYPE.i64 ? 'i64' : 'i32' }
}
