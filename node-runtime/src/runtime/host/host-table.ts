// All host functions by name: the one place that says what a guest can call.
import { blobFunctions } from './blob-functions.ts'
import { eventFunctions } from './event-functions.ts'
import type { HostFunction } from './host-function.ts'
import { identityFunctions } from './identity-functions.ts'
import { jsCrdtFunctions } from './js-crdt-functions.ts'
import { jsRootFunctions } from './js-root-functions.ts'
import { outsideFunctions } from './outside-functions.ts'
import { registerFunctions } from './register-functions.ts'
import { storageFunctions } from './storage-functions.ts'
import { unsupportedFunctions } from './unsupported-functions.ts'

/** The only import module that holds host functions. */
export const HOST_MODULE = 'env'

const ALL: readonly HostFunction[] = [
  ...registerFunctions,
  ...identityFunctions,
  ...storageFunctions,
  ...eventFunctions,
  ...outsideFunctions,
  ...blobFunctions,
  ...jsRootFunctions,
  ...jsCrdtFunctions,
  ...unsupportedFunctions,
]

export const HOST_FUNCTIONS: ReadonlyMap<string, HostFunction> = new Map(ALL.map((entry) => [entry.name, entry]))
