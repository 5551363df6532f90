// What an application brings: its module, and what it hands to host functions.
import { utf8 } from '../../src/base/bytes.ts'
import { Replica } from '../../src/crdt/replica-fixture.ts'
import { GuestFault } from '../../src/runtime/call/guest-fault.ts'
import { guestSlice } from '../../src/runtime/call/guest-memory.ts'
import { Invocation } from '../../src/runtime/call/invocation.ts'
import { bindHostFunction, type HostFunction } from '../../src/runtime/host/host-function.ts'
import { PARAMETERS, type ParameterKind } from '../../src/runtime/host/host-parameters.ts'
import { HOST_FUNCTIONS } from '../../src/runtime/host/host-table.ts'
import { importObject, planLinks } from '../../src/runtime/module/link-plan.ts'
import { checkModule, describeModule } from '../../src/runtime/module/module-info.ts'
import { readModule } from '../../src/runtime/module/wasm-module.ts'
import {
  customSection,
  MEMORY_SECTIONS,
  moduleOf,
  nameBytes,
  rawModule,
} from '../../src/runtime/testing/test-guests.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import type { Target } from '../target.ts'
import { crdtArtifacts } from './crdt.ts'

const I64 = 0x7e
const I32 = 0x7f

/** Imports and exports of every kind, without code: its functions are not looked at here. */
const module = rawModule(
  [1, [3, 0x60, 2, I64, I64, 1, I32, 0x60, 0, 0, 0x60, 1, I64, 0]],
  [
    2,
    [
      3,
      ...nameBytes('env'),
      ...nameBytes('commit'),
      0,
      0,
      ...nameBytes('env'),
      ...nameBytes('flush_delta'),
      0,
      1,
      ...nameBytes('other'),
      ...nameBytes('x'),
      0,
      2,
    ],
  ],
  [3, [2, 1, 2]],
  [4, [1, 0x70, 0, 5]],
  MEMORY_SECTIONS.memory(1),
  [7, [3, ...nameBytes('memory'), 2, 0, ...nameBytes('run'), 0, 3, ...nameBytes('with'), 0, 4]],
  customSection('calimero_abi_v1', utf8('{"methods":[{"name":"run"}]}')),
)
/** One import of the host and a section that describes it; of storage in the host, or in the guest. */
const describing = ([abi, host]: readonly [abi: string, host: string]) =>
  rawModule(
    [1, [1, 0x60, 0, 0]],
    [2, [1, ...nameBytes('env'), ...nameBytes(host), 0, 0]],
    MEMORY_SECTIONS.memory(1),
    MEMORY_SECTIONS.export,
    customSection('calimero_abi_v1', utf8(abi)),
  )
const described = (
  [
    ['{}', 'flush_delta'],
    ['[]', 'fetch'],
    ['7', 'panic'],
    ['{', 'commit'],
    ['{"methods":[{"name":"run"}]}', 'no_such_function'],
  ] as const
).map(describing)
const program = rawModule([1, [1, 0x60, 0, 0]], [3, [1, 0]], MEMORY_SECTIONS.memory(1), [
  7,
  [2, ...nameBytes('memory'), 2, 0, ...nameBytes('_start'), 0, 0],
])
const small = rawModule(MEMORY_SECTIONS.memory(1, 0), MEMORY_SECTIONS.export)
const capped = rawModule([5, [1, 1, 1, 3]], MEMORY_SECTIONS.export, [10, [0]], [11, [0]])
const called = rawModule(
  [1, [1, 0x60, 0, 0]],
  [
    2,
    [
      2,
      ...nameBytes('__proto__'),
      ...nameBytes('polluted'),
      0,
      0,
      ...nameBytes('constructor'),
      ...nameBytes('polluted'),
      0,
      0,
    ],
  ],
  MEMORY_SECTIONS.memory(1),
  MEMORY_SECTIONS.export,
)

const caller = new Replica('guest')
const parts = {
  input: utf8('input'),
  env: {
    contextId: new Uint8Array(32),
    executorId: caller.bytes,
    accountId: caller.account,
    deviceId: new Uint8Array(32),
    timeNs: 1n << 60n,
  },
  shared: { get: () => undefined },
  private: { get: () => undefined },
  randomSeed: undefined,
  random: seededRandom('guest'),
} as const

const moduleTarget: Target = {
  name: 'module',
  decoders: [
    'runtime/module/wasm-module.ts#readModule',
    'runtime/module/module-info.ts#checkModule',
    'runtime/module/module-info.ts#describeModule',
    'runtime/module/link-plan.ts#importObject',
    'runtime/module/wasm-reader.ts#WasmReader',
  ],
  codes: ['MODULE_INVALID', 'MODULE_TOO_LARGE'],
  format: 'binary',
  seeds: [module, small, capped, called, program, ...described],
  allocation: { perByte: 80, base: 512 * 1024 },
  run(input) {
    const guest = moduleOf(input)
    const sections = checkModule(guest)
    const plan = planLinks(sections)
    describeModule(guest, sections, plan)
    const call = new Invocation({ ...parts, storage: plan.storage })
    const imports = importObject(plan, call)
    // As a guest calls what the host does not know.
    for (const { module: from, name } of plan.imports) if (from !== 'env') mustTrap(imports[from]?.[name])
    const again = readModule(sections.capped)
    if (Buffer.compare(again.capped, sections.capped) !== 0) throw new Error('a capped module is capped to another')
    // What was made of the bytes must not be more valid than they are.
    if (WebAssembly.validate(Buffer.from(sections.capped)) && !WebAssembly.validate(Buffer.from(input)))
      throw new Error('an invalid module became a valid one')
    return undefined
  },
}

function mustTrap(imported: unknown): void {
  try {
    if (typeof imported === 'function') imported()
  } catch (error) {
    if (error instanceof GuestFault && error.kind === 'unsupported') return
    throw error
  }
  throw new Error('an unknown import can be called')
}

const FUNCTIONS = [...HOST_FUNCTIONS.values()]
const CALLS_MAX = 6
const DESCRIPTORS = 512
const CONTENT = 1024
/** One page serves all inputs: engines reserve far more address space than a memory has. */
const { memory } = new WebAssembly.Instance(await WebAssembly.compile(small), {}).exports as {
  memory: WebAssembly.Memory
}

/** A call in the bytes: function, generation, then its raw arguments as u16. A memory has the same bytes from 0 on. */
function callOf(host: HostFunction, generation: 'by-ref' | 'flat'): number[] {
  const words = host.params.flatMap((kind, index) => (generation === 'flat' ? flatWords(kind) : [refWord(kind, index)]))
  return [FUNCTIONS.indexOf(host), generation === 'flat' ? 1 : 0, ...words.flatMap((word) => [word & 0xff, word >>> 8])]
}

const SCALARS: ReadonlySet<ParameterKind> = new Set(['u64', 'i32', 'flag'])

function refWord(kind: ParameterKind, index: number): number {
  return SCALARS.has(kind)
    ? index
    : DESCRIPTORS + 48 * (kind === 'id64' ? 1 : kind === 'xcall' || kind === 'id' ? 2 : 0)
}

function flatWords(kind: ParameterKind): number[] {
  if (SCALARS.has(kind)) return [1]
  const length = kind === 'id' || kind === 'xcall' ? 32 : kind === 'id64' ? 64 : 5
  const words = [CONTENT, length, CONTENT, 5, CONTENT, 5]
  const width = PARAMETERS[kind].flatWidth
  return kind === 'valueReturn' ? [0, CONTENT, 5] : words.slice(0, width)
}

function pageOf(calls: readonly number[][]): Uint8Array {
  const page = Buffer.alloc(CONTENT + 64)
  page.set(calls.flat())
  const lengths = [5, 5, 5, 64, 5, 5, 32, 5, 5]
  lengths.forEach((length, at) => {
    page.writeBigUInt64LE(BigInt(CONTENT), DESCRIPTORS + 16 * at)
    page.writeBigUInt64LE(BigInt(length), DESCRIPTORS + 16 * at + 8)
  })
  page.write('héllo', CONTENT)
  return page
}

const hostCallTarget: Target = {
  name: 'host-call',
  decoders: ['runtime/host/host-parameters.ts#PARAMETERS', 'runtime/call/guest-memory.ts#GuestMemory'],
  codes: ['host_error', 'limit', 'unsupported', 'panic'],
  format: 'binary',
  seeds: FUNCTIONS.flatMap((host) =>
    (['by-ref', 'flat'] as const).map((generation) => pageOf([callOf(host, generation), callOf(host, generation)])),
  ),
  // A register is written as often as it is read, and a page is as long as it is.
  allocation: { perByte: 2000, base: 4 * 1024 * 1024 },
  share: 0.3,
  run(input) {
    const page = new Uint8Array(memory.buffer)
    page.fill(0)
    page.set(input.subarray(0, page.byteLength))
    const call = new Invocation({ ...parts, storage: (input.at(-1) ?? 0) % 2 === 0 ? 'host' : 'guest' })
    call.memory.attach(memory)
    let at = 0
    const word = (): bigint => {
      at += 2
      const value = (input[at - 2] ?? 0) | ((input[at - 1] ?? 0) << 8)
      // The highest stand for what no 16 bits can say.
      return value < 0xff00 ? BigInt(value) : (1n << BigInt(value & 63)) - BigInt((value >>> 6) & 1)
    }
    for (let left = CALLS_MAX; left > 0; left -= 1) {
      const host = FUNCTIONS[(input[at] ?? 0) % FUNCTIONS.length]
      const generation = input[at + 1] ?? 0
      at += 2
      if (host === undefined || generation > 2) break
      const flat = host.params.reduce((sum, kind) => sum + PARAMETERS[kind].flatWidth, 0)
      const arity = generation === 0 ? host.params.length : generation === 1 ? flat : 9
      const run = bindHostFunction(host, { arity, result: generation === 0 ? 'i32' : 'i64' }, call)
      run(...Array.from({ length: arity }, word))
    }
    if (call.crdt.artifact() !== undefined && !call.crdt.flushed) throw new Error('what was not flushed is passed on')
    // As functions do that read a text and answer into the same place.
    const place = guestSlice(word(), word())
    call.memory.requireSpace(place)
    call.memory.write(place, utf8(call.memory.text(place)))
    if (call.memory.pages < 1) throw new Error('a memory without a page')
    return undefined
  },
}

const applyTarget: Target = {
  name: 'host-apply',
  decoders: ['runtime/host/host-crdt.ts#HostCrdt'],
  codes: ['host_error', 'state_unreadable'],
  format: 'binary',
  seeds: [utf8('\u0001\u0000'), ...crdtArtifacts],
  share: 0.2,
  run(input) {
    // Into nothing, and, of some, into what cannot be read.
    const shared = (input.at(-1) ?? 0) % 2 === 1 ? { get: () => utf8('damaged') } : parts.shared
    new Invocation({ ...parts, shared, storage: 'host', isApply: true }).crdt.apply(input)
    return undefined
  },
}

export const guestTargets: readonly Target[] = [moduleTarget, hostCallTarget, applyTarget]
