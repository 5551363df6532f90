// Applications of several programs, one of which a context runs: by the name that its creator has said, for good.
import { type ApplicationId, idBase58 } from '../../../base/ids.ts'
import type { ContextRecord } from '../../../governance/namespace-state.ts'
import { FIRST_STATE_VERSION, type StateSchema } from '../../../runtime/module/state-schema.ts'
import { ContextError } from '../../errors.ts'

export interface ApplicationService {
  readonly name: string
  readonly storage: 'guest' | 'host'
  /** Absent: it does not say. */
  readonly state?: StateSchema
}

export interface Served {
  readonly id: ApplicationId
  readonly storage: 'guest' | 'host'
  readonly state?: StateSchema | undefined
  /** Empty where the code has no names for them. */
  readonly services: readonly ApplicationService[]
}

/**
 * How a service keeps its state. Where the code has no names any name is that of its only program; without a name it is
 * the only one. Throws SERVICE_UNKNOWN: there is no such service, or nobody says which of several.
 */
export function serviceStorage(application: Served, name: string | undefined): 'guest' | 'host' {
  return programFor(application, name).storage
}

type ServedProgram = Pick<Served, 'storage' | 'state'>

function programFor({ id, storage, state, services }: Served, name: string | undefined): ServedProgram {
  const [only, ...others] = services
  if (only === undefined) return { storage, state }
  if (name === undefined && others.length === 0) return only
  const found = services.find((each) => each.name === name)
  if (found) return found
  const names = services.map((each) => each.name).join(', ')
  const why = name === undefined ? 'has several services: say which' : `has no service ${JSON.stringify(name)}`
  throw new ContextError('SERVICE_UNKNOWN', `application ${idBase58(id)} ${why} (${names})`)
}

interface Installed {
  get(id: ApplicationId): Served | undefined
}

/** Undefined where the application is not here, or has no such service. */
export function storageIn(
  applications: Installed,
  id: ApplicationId,
  name: string | undefined,
): 'guest' | 'host' | undefined {
  return programIn(applications, id, name)?.storage
}

/** How the service keeps its state, and which state it is. Undefined as `storageIn`. */
export function programIn(
  applications: Installed,
  id: ApplicationId,
  name: string | undefined,
): ServedProgram | undefined {
  const application = applications.get(id)
  try {
    return application && programFor(application, name)
  } catch {
    // Whoever made the context, or upgraded it, has said a name that the code does not have.
    return undefined
  }
}

/**
 * Of a context that runs this: code that does not say has the state of what was run before. Undefined: code is not here, and
 * is not that which has made the context, or its `base` is not said.
 */
export function stateVersionIn(
  applications: Installed,
  { applicationId, ran = [] }: Pick<ContextRecord, 'applicationId' | 'ran'>,
  name: string | undefined,
  base?: number,
): number | undefined {
  const all = [applicationId, ...[...ran].reverse()]
  // What has made the context has made its base.
  for (const id of base === undefined ? all : all.slice(0, -1)) {
    const program = programIn(applications, id, name)
    if (program === undefined) return undefined
    if (program.state !== undefined) return program.state.version
  }
  return base ?? FIRST_STATE_VERSION
}
