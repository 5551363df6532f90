// Compiled modules by blob id. Compilation runs off the main thread, once for callers that ask at the same time.
import type { BlobId } from '../../base/ids.ts'
import type { GuestModule, ModuleInfo } from '../guest-executor.ts'
import { HOST_LIMITS } from '../limits.ts'
import { RuntimeError } from '../runtime-error.ts'
import { type LoadedModule, planLinks } from './link-plan.ts'
import { checkModule, describeModule } from './module-info.ts'

export interface CachedModule {
  readonly loaded: LoadedModule
  readonly info: ModuleInfo
}

export class ModuleCache {
  /** In order of use, the least recent first. */
  readonly #entries = new Map<BlobId, Promise<CachedModule>>()

  /** Throws RuntimeError for bytes that cannot run here. A failure is not remembered. */
  async load(module: GuestModule): Promise<CachedModule> {
    const known = this.#entries.get(module.id)
    const entry = known ?? compile(module)
    this.#entries.delete(module.id)
    this.#entries.set(module.id, entry)
    if (!known) this.#evict()
    try {
      return await entry
    } catch (error) {
      if (this.#entries.get(module.id) === entry) this.#entries.delete(module.id)
      throw error
    }
  }

  #evict(): void {
    if (this.#entries.size <= HOST_LIMITS.cachedModules) return
    const oldest = this.#entries.keys().next()
    if (!oldest.done) this.#entries.delete(oldest.value)
  }
}

async function compile(module: GuestModule): Promise<CachedModule> {
  const sections = checkModule(module)
  const plan = planLinks(sections)
  const info = describeModule(module, sections, plan)
  try {
    return { loaded: { compiled: await WebAssembly.compile(sections.capped), plan }, info }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new RuntimeError('MODULE_INVALID', `not a valid module: ${why}`, { cause })
  }
}
