// Which version of the state a delta was made for, and by which code a state gets from one version to a later one: functions of
// the log's cut that the delta names, of the code and of the base alone.
import type { ApplicationId, ContextId } from '../../base/ids.ts'
import { FIRST_STATE_VERSION, type MigrationStep, type StateSchema } from '../../runtime/module/state-schema.ts'
import { codeCutOf, type Delta } from '../../wire/delta.ts'
import type { ContextParts } from '../parts.ts'
import type { Running } from '../ports.ts'
import { baseMark, type StateMark } from './state-mark.ts'

export interface Hop extends MigrationStep {
  readonly applicationId: ApplicationId
}

/** `missing`: code that is not on this node. */
export type Way =
  | { readonly hops: readonly Hop[] }
  | { readonly missing: ApplicationId }
  | { readonly impossible: string }

type VersionsParts = Pick<ContextParts, 'record' | 'authority' | 'code' | 'rows'>

export class Versions {
  readonly #parts: VersionsParts
  readonly #known = new WeakMap<Running, number>()

  constructor(parts: VersionsParts) {
    this.#parts = parts
  }

  get contextId(): ContextId {
    return this.#parts.record.id
  }

  /** Undefined: the code that says it is not here, and is wanted. */
  of(delta: Pick<Delta, 'governance' | 'madeUnder'>): number | undefined {
    const running = this.runningAt(delta)
    return running === undefined ? FIRST_STATE_VERSION : this.in(running)
  }

  /** Of a context that runs this. Code that does not say runs on the state of what was run before. */
  in(running: Running): number | undefined {
    const known = this.#known.get(running)
    if (known !== undefined) return known
    const { applicationId, ran = [] } = running
    const version = this.#look([applicationId, ...[...ran].reverse()])
    if (version !== undefined) this.#known.set(running, version)
    return version
  }

  runningAt(delta: Pick<Delta, 'governance' | 'madeUnder'>): Running | undefined {
    return this.#parts.authority.runningAt(this.#parts.record.id, codeCutOf(delta))
  }

  /** The migrations from a state on to where `running` is, in order. None where it has run nothing else since. */
  way(running: Running, { version: from, applicationId: last }: StateMark): Way {
    const hops: Hop[] = []
    let at = from
    const all = [...(running.ran ?? []), running.applicationId]
    for (const applicationId of all.slice(Math.max(1, last === undefined ? 1 : all.indexOf(last) + 1))) {
      const { storage, schema } = this.#program(applicationId)
      if (storage === undefined) return { missing: applicationId }
      if (schema === undefined || schema.version <= at) continue
      if (storage !== this.#parts.record.storage) return { impossible: 'the new code keeps its state in another way' }
      const steps = stepsOf(schema, at)
      if (steps === undefined) return { impossible: `no migration leads from version ${at} to ${schema.version}` }
      hops.push(...steps.map((step) => ({ ...step, applicationId })))
      at = schema.version
    }
    return { hops }
  }

  /** The latest first. What has made the context has made its base, which everybody here holds: its code need not be here. */
  #look([applicationId, ...before]: readonly ApplicationId[]): number | undefined {
    if (applicationId === undefined || before.length === 0) return baseMark(this.#parts.rows).version
    const { storage, schema } = this.#program(applicationId)
    if (schema !== undefined) return schema.version
    if (storage !== undefined) return this.#look(before)
    this.#parts.code.want(applicationId)
    return undefined
  }

  #program(applicationId: ApplicationId): { storage: 'guest' | 'host' | undefined; schema: StateSchema | undefined } {
    const { code } = this.#parts
    return { storage: code.storageOf(applicationId), schema: code.schemaOf(applicationId) }
  }
}

/** The fewest that lead there. Undefined: none do. */
export function stepsOf({ version, steps }: StateSchema, from: number): MigrationStep[] | undefined {
  const found: MigrationStep[] = []
  for (let at = from; at !== version; ) {
    const next = steps.filter((step) => step.from === at && step.to <= version).sort((a, b) => b.to - a.to)[0]
    if (next === undefined) return undefined
    found.push(next)
    at = next.to
  }
  return found
}
