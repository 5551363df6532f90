// All host functions by name: the one place that says what a guest can call.
import { eventFunctions } from './host/event-functions.ts'
import { identityFunctions } from './host/identity-functions.ts'
import { jsCrdtFunctions } from './host/js-crdt-functions.ts'
import { jsRootFunctions } from './host/js-root-functions.ts'
import { outsideFunctions } from './host/outside-functions.ts'
import { registerFunctions } from './host/register-functions.ts'
import { storageFunctions } from './host/storage-functions.ts'
import { unsupportedFunctions } from './host/unsupported-functions.ts'
import type { HostFunction } from './host-function.ts'

/** The only import module that holds host functions. */
export const HOST_MODULE = 'env'

const ALL: readonly HostFunction[] = [
  ...registerFunctions,
  ...identityFunctions,
  ...storageFunctions,
  ...eventFunctions,
  ...outsideFunctions,
  ...jsRootFunctions,
  ...jsCrdtFunctions,
  ...unsupportedFunctions,
]

export const HOST_FUNCTIONS: ReadonlyMap<string, HostFunction> = new Map(ALL.map((entry) => [entry.name, entry]))
