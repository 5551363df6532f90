// Applications of several programs, one of which a context runs: by the name that its creator has said, for good.
import { type ApplicationId, idBase58 } from '../../../base/ids.ts'
import { ContextError } from '../../errors.ts'

export interface ApplicationService {
  readonly name: string
  readonly storage: 'guest' | 'host'
}

export interface Served {
  readonly id: ApplicationId
  readonly storage: 'guest' | 'host'
  /** Empty where the code has no names for them. */
  readonly services: readonly ApplicationService[]
}

/**
 * How a service keeps its state. Where the code has no names any name is that of its only program; without a name it is
 * the only one. Throws SERVICE_UNKNOWN: there is no such service, or nobody says which of several.
 */
export function serviceStorage({ id, storage, services }: Served, name: string | undefined): 'guest' | 'host' {
  const [only, ...others] = services
  if (only === undefined) return storage
  if (name === undefined && others.length === 0) return only.storage
  const found = services.find((each) => each.name === name)
  if (found) return found.storage
  const names = services.map((each) => each.name).join(', ')
  const why = name === undefined ? 'has several services: say which' : `has no service ${JSON.stringify(name)}`
  throw new ContextError('SERVICE_UNKNOWN', `application ${idBase58(id)} ${why} (${names})`)
}

/** Undefined where the application is not here, or has no such service. */
export function storageIn(
  applications: { get(id: ApplicationId): Served | undefined },
  id: ApplicationId,
  name: string | undefined,
): 'guest' | 'host' | undefined {
  const application = applications.get(id)
  try {
    return application && serviceStorage(application, name)
  } catch {
    // Whoever made the context, or upgraded it, has said a name that the code does not have.
    return undefined
  }
}
