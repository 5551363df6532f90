// One host function is one entry: its name, its parameters (from which both ABI generations follow), its result and what
// it does. Linking picks the generation by the number of parameters the module imports it with.

import { GuestFault } from '../call/guest-fault.ts'
import type { Invocation } from '../call/invocation.ts'
import type { AbiGeneration } from '../guest-executor.ts'
import { PARAMETERS, type ParameterKind, type ParameterTypes, type RawArguments } from './host-parameters.ts'

type Values<P extends readonly ParameterKind[]> = { [K in keyof P]: ParameterTypes[P[K]] }

export type HostResult = number | bigint | boolean | undefined

export interface HostFunction {
  readonly name: string
  readonly params: readonly ParameterKind[]
  /** False for a known name that only traps, saying so. */
  readonly served: boolean
  run(call: Invocation, values: readonly unknown[]): HostResult
}

export type HostImport = (...args: readonly (number | bigint)[]) => number | bigint | undefined

/** Declares a host function. What `run` returns becomes the guest's result: booleans are 1 and 0. */
export function hostFunction<const P extends readonly ParameterKind[]>(
  name: string,
  params: P,
  run: (call: Invocation, ...values: Values<P>) => HostResult,
): HostFunction {
  return { name, params, served: true, run: (call, values) => run(call, ...(values as Values<P>)) }
}

/** A known function that this host does not serve: the call that reaches it traps with its name. */
export function unsupportedFunction(name: string): HostFunction {
  return {
    name,
    params: [],
    served: false,
    run: () => {
      throw new GuestFault('unsupported', `host function ${name} is not supported yet`)
    },
  }
}

/** The generation in which `arity` parameters call the function, or undefined when none does. */
export function generationOf(host: HostFunction, arity: number): AbiGeneration | undefined {
  if (arity === host.params.length) return 'by-ref'
  return arity === flatArity(host) ? 'flat' : undefined
}

/** True when the two generations can be told apart by it. */
export function tellsGeneration(host: HostFunction): boolean {
  return flatArity(host) !== host.params.length
}

function flatArity(host: HostFunction): number {
  return host.params.reduce((sum, kind) => sum + PARAMETERS[kind].flatWidth, 0)
}

export interface ImportShape {
  readonly arity: number
  readonly result: 'none' | 'i32' | 'i64'
}

/** The JavaScript function to link. Once a call has failed no host function answers any more. */
export function bindHostFunction(host: HostFunction, shape: ImportShape, call: Invocation): HostImport {
  const generation = host.served ? generationOf(host, shape.arity) : 'by-ref'
  return (...args) =>
    call.guarded(() => {
      if (!generation) {
        throw new GuestFault('unsupported', `host function ${host.name} is not known with ${shape.arity} parameters`)
      }
      return resultOf(host.run(call, readValues(host.params, generation, call, args.map(unsigned))), shape.result)
    })
}

function readValues(kinds: readonly ParameterKind[], generation: AbiGeneration, call: Invocation, raw: RawArguments) {
  const values: unknown[] = []
  let at = 0
  for (const kind of kinds) {
    const parameter = PARAMETERS[kind]
    if (generation === 'flat') {
      values.push(parameter.flat(call.memory, raw, at))
      at += parameter.flatWidth
    } else {
      values.push(parameter.byRef(call.memory, raw[at] ?? 0n))
      at += 1
    }
  }
  return values
}

function unsigned(value: number | bigint): bigint {
  return typeof value === 'bigint' ? BigInt.asUintN(64, value) : BigInt.asUintN(32, BigInt(value))
}

function resultOf(result: HostResult, type: ImportShape['result']): number | bigint | undefined {
  if (type === 'none') return undefined
  if (type === 'i64') return BigInt(result ?? 0)
  return Number(result ?? 0)
}
