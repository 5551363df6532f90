// Where contexts go whose creator names no group, as clients of before groups do: into a namespace of their application that
// this node keeps for them. One an application, found again by its name after a start.
import type { ApplicationId, GroupId } from '../../base/ids.ts'
import type { NodeServices } from '../ports.ts'

export const DEFAULT_NAME = 'default'

export interface DefaultGroup {
  readonly groupId: GroupId
  readonly created: boolean
}

export class DefaultGroups {
  readonly #node: Pick<NodeServices, 'namespaces' | 'account' | 'identity'>
  readonly #making = new Map<ApplicationId, Promise<GroupId>>()

  constructor(node: Pick<NodeServices, 'namespaces' | 'account' | 'identity'>) {
    this.#node = node
  }

  /** Throws APPLICATION_NOT_INSTALLED. Who asks while it is being made gets the same one. */
  async of(applicationId: ApplicationId): Promise<DefaultGroup> {
    const found = this.#find(applicationId)
    if (found !== undefined) return { groupId: found, created: false }
    const making = this.#making.get(applicationId)
    if (making) return { groupId: await making, created: false }
    const made = this.#node.namespaces.create(applicationId, DEFAULT_NAME).then(({ id }) => id)
    this.#making.set(applicationId, made)
    try {
      return { groupId: await made, created: true }
    } finally {
      this.#making.delete(applicationId)
    }
  }

  /** Only our own: what others called so is theirs to fill. */
  #find(applicationId: ApplicationId): GroupId | undefined {
    const { namespaces, account, identity } = this.#node
    return namespaces.list().find(({ id, state }) => {
      if (state.name !== DEFAULT_NAME || state.applicationId !== applicationId) return false
      return state.groups.get(id)?.creator === identity.publicKey && state.roleIn(id, account) === 'Admin'
    })?.id
  }
}
