// Which modules a guest worker has: each is sent to it once, and named by a number from then on. To clone one for every run
// costs more than a small call.
import { HOST_LIMITS } from '../limits.ts'
import type { LoadedModule } from '../module/link-plan.ts'

/** A module as it goes to a worker. */
export interface NamedModule {
  readonly id: number
  /** Absent: the worker has it. */
  readonly loaded?: LoadedModule
  /** The worker lets go of this one. */
  readonly forget?: number
}

/** The main thread's end, one for each worker. */
export class KnownModules {
  /** In order of use, the least recent first. */
  readonly #ids = new Map<LoadedModule, number>()
  #nextId = 0

  /** To be sent, and taken by the worker before it is named again. */
  name(loaded: LoadedModule): NamedModule {
    const known = this.#ids.get(loaded)
    const id = known ?? this.#nextId++
    this.#ids.delete(loaded)
    this.#ids.set(loaded, id)
    if (known !== undefined) return { id }
    const forget = this.#evict()
    return forget === undefined ? { id, loaded } : { id, loaded, forget }
  }

  /** It could not be sent after all. */
  unsent(loaded: LoadedModule): void {
    this.#ids.delete(loaded)
  }

  #evict(): number | undefined {
    if (this.#ids.size <= HOST_LIMITS.cachedModules) return undefined
    for (const [loaded, id] of this.#ids) {
      this.#ids.delete(loaded)
      return id
    }
    return undefined
  }
}

/** The worker's end. */
export class ReceivedModules {
  readonly #loaded = new Map<number, LoadedModule>()

  take({ id, loaded, forget }: NamedModule): LoadedModule {
    if (forget !== undefined) this.#loaded.delete(forget)
    if (loaded) this.#loaded.set(id, loaded)
    const known = this.#loaded.get(id)
    if (!known) throw new Error(`assertion failed: module ${id} was not sent to this worker`)
    return known
  }
}
