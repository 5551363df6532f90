// Runs one job in one fresh instance and turns whatever happens into an outcome. Synchronous: the executors decide on
// which thread, and how endless guests are stopped.
import { sha256 } from '../base/hash.ts'
import type { Random } from '../base/random.ts'
import type { BlobAccess } from './call/call-blobs.ts'
import { GuestFault } from './call/guest-fault.ts'
import { Invocation } from './call/invocation.ts'
import type { GuestArtifact, GuestError, GuestJob, GuestOutcome } from './guest-executor.ts'
import { LIMITS } from './limits.ts'
import { importObject, type LoadedModule } from './module/link-plan.ts'
import { missingMethod } from './module/missing-method.ts'
import { APPLY_EXPORT } from './module/module-info.ts'
import type { RunState } from './run-state.ts'

export interface JobParts {
  readonly module: LoadedModule
  readonly state: RunState
  readonly random: Random
  /** Absent where guests have no blobs. */
  readonly blobs?: BlobAccess | undefined
  /** Runs guest code; throws GuestFault `timeout` when it may stop it. */
  readonly guard: (job: GuestJob, body: () => void) => void
}

const REGISTER_MERGE_EXPORT = '__calimero_register_merge'
const PAGES_PER_MIB = 16
const METHOD_NAME = /^[A-Za-z0-9_]+$/

/** Throws only for failures that are not the guest's, such as the store's. */
export function runJob(job: GuestJob, parts: JobParts): GuestOutcome {
  const startedMs = performance.now()
  const method = job.kind === 'call' ? job.method : APPLY_EXPORT
  const { call, error } = runMethod(method, job, parts)
  if (error) call.blobs.drop()
  return {
    ...(error ? failed(call, error) : succeeded(job, call)),
    beganNs: job.env.timeNs,
    timeNs: call.clock.end,
    tookMs: performance.now() - startedMs,
  }
}

interface Attempt {
  readonly call: Invocation
  /** Absent when every function ran to its end and the last did not return `Err`. */
  readonly error?: GuestError
  readonly failedIn?: string
}

function runMethod(method: string, job: GuestJob, parts: JobParts): Attempt {
  const refusal = refuseMethod(method, parts.module)
  if (refusal) return { call: newInvocation(job, parts), error: refusal }
  if (!parts.module.plan.methods.has(REGISTER_MERGE_EXPORT)) return runInstance([method], job, parts)
  const attempt = runInstance([REGISTER_MERGE_EXPORT, method], job, parts)
  const registrationFailed = attempt.failedIn === REGISTER_MERGE_EXPORT && attempt.error?.kind !== 'timeout'
  if (!registrationFailed) return attempt
  // Its failure must not matter, but the instance it left is no longer fresh.
  attempt.call.blobs.drop()
  return runInstance([method], job, parts)
}

function runInstance(functions: readonly string[], job: GuestJob, parts: JobParts): Attempt {
  const call = newInvocation(job, parts)
  let current: string | undefined
  try {
    parts.guard(job, () => {
      const instance = new WebAssembly.Instance(parts.module.compiled, importObject(parts.module.plan, call))
      call.memory.attach(instance.exports.memory as WebAssembly.Memory)
      for (const name of functions) {
        current = name
        invoke(instance, name)
        // A guest that catches exceptions may have swallowed it.
        if (call.fault !== undefined) throw call.fault
      }
    })
  } catch (thrown) {
    const error = guestErrorOf(call.fault ?? thrown, call.memory.pages)
    return current === undefined ? { call, error } : { call, error, failedIn: current }
  }
  if (!call.returned || call.returned.ok) return { call }
  const { payload } = call.returned
  return { call, error: { kind: 'guest_error', message: errText(payload), value: payload } }
}

function invoke(instance: WebAssembly.Instance, name: string): void {
  const method = instance.exports[name]
  if (typeof method === 'function') method()
}

const NOTHING_PRIVATE = { get: () => undefined }

function newInvocation(job: GuestJob, { module, state, random, blobs }: JobParts): Invocation {
  const input = job.kind === 'call' ? job.input : job.artifact
  const isMigration = job.kind === 'call' && job.isMigration === true
  return new Invocation({
    input,
    env: job.env,
    shared: state.shared,
    private: isMigration ? NOTHING_PRIVATE : state.private,
    storage: module.plan.storage,
    blobs: isMigration ? undefined : blobs,
    isApply: job.kind === 'apply',
    isMigration,
    // An apply must give the same bytes on every node.
    randomSeed: job.env.randomSeed ?? (job.kind === 'apply' ? sha256(input) : undefined),
    random,
  })
}

function refuseMethod(method: string, module: LoadedModule): GuestError | undefined {
  if (method.length > LIMITS.methodNameBytes || !METHOD_NAME.test(method)) {
    const shown = JSON.stringify(method.slice(0, 80))
    return {
      kind: 'method_not_found',
      message: `${shown} is not a method name (1–256 letters, digits and underscores)`,
    }
  }
  if (module.plan.methods.has(method)) return undefined
  return module.plan.otherExports.has(method)
    ? { kind: 'invalid_signature', message: `method "${method}" takes or returns WebAssembly values; methods must not` }
    : { kind: 'method_not_found', message: missingMethod(method, module.plan.methods) }
}

const NO_EFFECTS = { events: [], changes: [], privateChanges: [], xcalls: [], proposals: [], approvals: [] }

type Result = Omit<GuestOutcome, 'beganNs' | 'timeNs' | 'tookMs'>

const REFUSALS = new Set(['guest_error', 'method_not_found', 'invalid_signature', 'timeout', 'worker_lost'])

function failed(call: Invocation, error: GuestError): Result {
  return { status: REFUSALS.has(error.kind) ? 'error' : 'trap', error, logs: call.logs, ...NO_EFFECTS }
}

function succeeded(job: GuestJob, call: Invocation): Result {
  // Host collections that were touched but never flushed are not meant to stay: views re-create missing ones.
  const changes = call.storage === 'host' && !call.crdt.flushed ? [] : call.shared.changes()
  const effects = { logs: call.logs, changes, privateChanges: call.private.changes() }
  const root = call.committed ? { root: call.committed.root } : {}
  if (job.kind === 'apply') return { status: 'ok', ...NO_EFFECTS, ...effects, ...root }
  const artifact = artifactOf(call)
  const blobs = call.blobs.take()
  return {
    status: 'ok',
    ...effects,
    ...root,
    ...(call.returned ? { value: call.returned.payload } : {}),
    ...(artifact ? { artifact } : {}),
    ...(blobs ? { blobs } : {}),
    ...(call.migrationWitness ? { migrationWitness: call.migrationWitness } : {}),
    events: call.events,
    xcalls: call.xcalls,
    proposals: call.proposals,
    approvals: call.approvals,
  }
}

function artifactOf(call: Invocation): GuestArtifact | undefined {
  if (call.committed && call.committed.artifact.byteLength > 0) {
    return { kind: 'guest', bytes: call.committed.artifact }
  }
  const bytes = call.crdt.artifact()
  return bytes ? { kind: 'host', bytes } : undefined
}

/** Rethrows what the guest cannot have caused. */
function guestErrorOf(error: unknown, memoryPages: number): GuestError {
  if (error instanceof GuestFault) {
    const { kind, message, damaged } = error
    return damaged === undefined ? { kind, message } : { kind, message, damaged }
  }
  if (error instanceof WebAssembly.Exception) return { kind: 'trap', message: 'wasm trap: uncaught exception' }
  if (error instanceof WebAssembly.RuntimeError) {
    return outOfMemory(error, memoryPages) ?? { kind: 'trap', message: `wasm trap: ${error.message}` }
  }
  if (error instanceof RangeError && error.message.includes('call stack')) {
    return { kind: 'stack_overflow', message: 'the guest recursed deeper than the stack allows' }
  }
  throw error
}

/** An allocator that is refused memory ends in `unreachable`, as does much else: only the size tells them apart. */
function outOfMemory(error: WebAssembly.RuntimeError, pages: number): GuestError | undefined {
  if (!error.message.includes('unreachable') || pages < LIMITS.memoryPages / 2) return undefined
  const limit = `${LIMITS.memoryPages / PAGES_PER_MIB} MiB`
  if (pages >= LIMITS.memoryPages - PAGES_PER_MIB) {
    return { kind: 'limit', message: `the guest reached the memory limit of ${limit}` }
  }
  const used = Math.round(pages / PAGES_PER_MIB)
  const hint = `${used} MiB of memory in use; a large allocation may have met the limit of ${limit}`
  return { kind: 'trap', message: `wasm trap: ${error.message} (${hint})` }
}

const lossy = new TextDecoder('utf-8')

function errText(payload: Uint8Array): string {
  return lossy.decode(payload.subarray(0, LIMITS.messageBytes))
}
