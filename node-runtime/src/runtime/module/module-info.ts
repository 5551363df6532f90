// What can be said about a module without running it, and whether it can run here at all.
import { fromUtf8 } from '../../base/bytes.ts'
import type { AbiGeneration, GuestModule, ModuleInfo } from '../guest-executor.ts'
import { generationOf, tellsGeneration } from '../host/host-function.ts'
import { HOST_FUNCTIONS, HOST_MODULE } from '../host/host-table.ts'
import { LIMITS } from '../limits.ts'
import { RuntimeError } from '../runtime-error.ts'
import type { LinkPlan } from './link-plan.ts'
import { type ModuleSections, readModule } from './wasm-module.ts'

export const APPLY_EXPORT = '__calimero_sync_next'
const ABI_SECTION = 'calimero_abi_v1'

/** Throws RuntimeError when the module can never run here. */
export function checkModule(module: GuestModule): ModuleSections {
  const size = module.bytes.byteLength
  if (size > LIMITS.moduleBytes) {
    throw new RuntimeError('MODULE_TOO_LARGE', `the module has ${size} bytes; the limit is ${LIMITS.moduleBytes}`)
  }
  const sections = readModule(module.bytes)
  if (!sections.memoryExport) {
    throw new RuntimeError('MODULE_INVALID', 'the module cannot run here: it does not export its memory as "memory"')
  }
  if (sections.exports.includes('_start')) {
    throw new RuntimeError(
      'MODULE_INVALID',
      'the module cannot run here: it exports "_start", so it is a program and not an app; build it as a library',
    )
  }
  return sections
}

export function describeModule(module: GuestModule, sections: ModuleSections, plan: LinkPlan): ModuleInfo {
  const isHost = (entry: { module: string; name: string }) =>
    entry.module === HOST_MODULE && HOST_FUNCTIONS.has(entry.name)
  return {
    id: module.id,
    sizeBytes: module.bytes.byteLength,
    imports: sections.imports.map(({ module: from, name }) => ({ module: from, name })),
    exports: sections.exports,
    methods: [...plan.methods],
    abi: abiOf(plan),
    unknownImports: plan.imports.filter((entry) => !isHost(entry)).map((entry) => `${entry.module}.${entry.name}`),
    unsupportedImports: plan.imports
      .filter((entry) => isHost(entry) && HOST_FUNCTIONS.get(entry.name)?.served === false)
      .map((entry) => entry.name),
    storage: plan.storage,
    appliesDeltas: plan.methods.has(APPLY_EXPORT),
    abiSection: abiSection(sections),
  }
}

/** By the first import that differs between the generations; a module with none of those runs under either. */
function abiOf(plan: LinkPlan): AbiGeneration {
  for (const entry of plan.imports) {
    const host = HOST_FUNCTIONS.get(entry.name)
    if (entry.module !== HOST_MODULE || !host?.served || !tellsGeneration(host)) continue
    const generation = generationOf(host, entry.arity)
    if (generation) return generation
  }
  return 'by-ref'
}

function abiSection(sections: ModuleSections): ModuleInfo['abiSection'] {
  const bytes = sections.custom.get(ABI_SECTION)
  if (!bytes) return { content: 'absent' }
  try {
    const json = fromUtf8(bytes)
    const parsed: unknown = JSON.parse(json)
    const methods = typeof parsed === 'object' && parsed !== null && 'methods' in parsed ? parsed.methods : undefined
    return { content: Array.isArray(methods) && methods.length > 0 ? 'full' : 'state', json }
  } catch {
    // Only a description: an app with a broken one still runs.
    return { content: 'unreadable' }
  }
}
