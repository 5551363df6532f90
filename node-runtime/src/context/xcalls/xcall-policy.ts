// Which methods of an application other contexts may call, as the ABI that its module carries says. An ABI that says
// nothing of it, as those of before there was such a thing, permits all.
import type { ModuleInfo } from '../../runtime/guest-executor.ts'

/** Exports that are the host's own: nobody calls them by name. */
export const HOST_METHODS = '__calimero_'

type Callers = 'any_in_namespace' | 'same_app'
/** By method. */
type Policy = ReadonlyMap<string, Callers>

export interface Asked {
  readonly method: string
  /** Whether who asks runs the same application. */
  readonly isSameApp: boolean
}

const read = new WeakMap<ModuleInfo, { readonly policy: Policy | undefined }>()

export function mayBeAsked(info: ModuleInfo, { method, isSameApp }: Asked): boolean {
  if (method.startsWith(HOST_METHODS)) return false
  const { policy } = read.get(info) ?? { policy: policyOf(info.abiSection.json) }
  read.set(info, { policy })
  if (policy === undefined) return true
  const callers = policy.get(method)
  return callers === 'any_in_namespace' || (callers === 'same_app' && isSameApp)
}

/** Undefined: it has none. Callers that are not known are none. */
function policyOf(json: string | undefined): Policy | undefined {
  if (json === undefined) return undefined
  const abi: unknown = JSON.parse(json)
  const methods = isObject(abi) && Array.isArray(abi.methods) ? abi.methods.filter(isObject) : []
  if (!methods.some((each) => 'xcall_callable' in each || 'xcall_callers' in each)) return undefined
  const policy = new Map<string, Callers>()
  for (const { name, xcall_callable: isCallable, xcall_callers: callers = 'any_in_namespace' } of methods) {
    if (typeof name !== 'string' || isCallable !== true) continue
    if (callers === 'any_in_namespace' || callers === 'same_app') policy.set(name, callers)
  }
  return policy
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
