// All namespaces of this node: creating, inviting, joining. The joiner owns its retries: it asks until the log and the
// key have arrived, and says what is missing when the caller's patience ends.
import type { Bytes } from '../../base/bytes.ts'
import {
  type AccountId,
  type ApplicationId,
  type ContextId,
  type GroupId,
  idBytes,
  idFromBytes,
  type NamespaceId,
} from '../../base/ids.ts'
import { keyIdOf } from '../../base/keys.ts'
import { groupIdOf, type MemberKeys, namespaceIdOf, type Role, type Visibility } from '../../base/operations.ts'
import { until, WaitError } from '../../base/until.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf } from '../../store/store.ts'
import { type Invitation, signInvitation, verifyInvitation } from '../../wire/invitation.ts'
import { ContextError } from '../errors.ts'
import { JOIN_REFUSALS_MAX, JOIN_RETRY_MS, JOIN_WAIT_MS, KEY_COMING_WAIT_MS, MEMBER_KNOWN_WAIT_MS } from '../limits.ts'
import type { Applications } from './code/applications.ts'
import { Namespace, type NamespaceParts } from './namespace.ts'

export interface NamespacesParts extends NamespaceParts {
  readonly applications: Applications
}

/** A group of a namespace, or the namespace itself. */
interface Place {
  readonly id: NamespaceId
  readonly groupId: GroupId
}

const GROUP_KEY_LENGTH = 32
const SALT_LENGTH = 32

export class Namespaces {
  readonly #parts: NamespacesParts
  readonly #known = new Map<NamespaceId, Namespace>()
  readonly #joins = new Map<NamespaceId, Promise<Namespace>>()

  private constructor(parts: NamespacesParts) {
    this.#parts = parts
  }

  static async open(parts: NamespacesParts): Promise<Namespaces> {
    const all = new Namespaces(parts)
    const ids = new Set<NamespaceId>()
    const start = keyOf('governance').byteLength
    for await (const [key] of parts.store.entries(rangeOf(keyOf('governance')))) {
      ids.add(idFromBytes<NamespaceId>(key.subarray(start, start + 32)))
    }
    for (const id of ids) all.#known.set(id, await Namespace.open(id, parts))
    return all
  }

  list(): Namespace[] {
    return [...this.#known.values()].filter((namespace) => namespace.isKnown)
  }

  find(id: NamespaceId): Namespace | undefined {
    return this.#known.get(id)
  }

  /** Throws NAMESPACE_NOT_FOUND. */
  get(id: NamespaceId): Namespace {
    const namespace = this.#known.get(id)
    if (namespace?.isKnown) return namespace
    throw new ContextError('NAMESPACE_NOT_FOUND', `namespace ${id} is not known to this node`)
  }

  /** The namespace that holds a group; a namespace's id names its root group. Throws GROUP_NOT_FOUND. */
  ofGroup(groupId: GroupId): Namespace {
    for (const namespace of this.#known.values()) {
      if (namespace.isKnown && namespace.state.groups.has(groupId)) return namespace
    }
    throw new ContextError('GROUP_NOT_FOUND', `group ${groupId} is not known to this node`)
  }

  /** Undefined: no log that is here knows the context, or not any more. */
  groupOfContext(id: ContextId): GroupId | undefined {
    return this.list()
      .find(({ state }) => state.contexts.has(id))
      ?.state.contexts.get(id)?.groupId
  }

  async create(applicationId: ApplicationId, name?: string): Promise<Namespace> {
    const { random, identity, keyRing, applications, outbound } = this.#parts
    const application = applications.get(applicationId)
    if (!application) {
      throw new ContextError('APPLICATION_NOT_INSTALLED', `application ${applicationId} is not installed on this node`)
    }
    const salt = random.bytes(SALT_LENGTH)
    const id = namespaceIdOf(identity.publicKey, salt)
    const namespace = await Namespace.open(id, this.#parts)
    this.#known.set(id, namespace)
    const key = random.bytes(GROUP_KEY_LENGTH)
    const admin = namespace.ownKeys
    const body = { kind: 'namespace_created' as const, applicationId, admin, keyId: keyIdOf(key), salt }
    const change = keyRing.add(id, key)
    await namespace.submit(name === undefined ? body : { ...body, name }, [change.op])
    change.committed()
    await this.announceApplication(namespace, applicationId)
    outbound.followNamespace(id)
    return namespace
  }

  /** Tells members where the code of an application is found, once. */
  async announceApplication(namespace: Namespace, applicationId: ApplicationId): Promise<void> {
    if (namespace.state.applications.has(applicationId)) return
    const application = this.#parts.applications.get(applicationId)
    if (!application) return
    await namespace.submit({
      kind: 'application_known',
      applicationId,
      blobId: application.blobId,
      size: application.size,
      ...(application.package === undefined ? {} : { package: application.package }),
      ...(application.version === undefined ? {} : { version: application.version }),
    })
  }

  async createGroup(parentId: GroupId, options: { name?: string; visibility: Visibility }): Promise<GroupId> {
    const { random, identity, keyRing } = this.#parts
    const namespace = this.ofGroup(parentId)
    const salt = random.bytes(SALT_LENGTH)
    const groupId = groupIdOf(namespace.id, identity.publicKey, salt)
    const key = random.bytes(GROUP_KEY_LENGTH)
    const change = keyRing.add(groupId, key)
    await namespace.submit(
      {
        kind: 'group_created',
        groupId,
        parentId,
        keyId: keyIdOf(key),
        covers: namespace.state.removalsDigestBeneath(parentId),
        salt,
        visibility: options.visibility,
        ...(options.name === undefined ? {} : { name: options.name }),
      },
      [change.op],
    )
    change.committed()
    return groupId
  }

  /** A signed invitation to a group of a namespace. Throws NOT_ALLOWED when our member may not invite. */
  invite(groupId: GroupId, options: { lifetimeSec: number; role: Role }): Invitation {
    const { identity, account, random, clock } = this.#parts
    const namespace = this.ofGroup(groupId)
    if (!mayInvite(namespace, groupId, account)) {
      throw new ContextError('NOT_ALLOWED', `this node's member may not invite to group ${groupId}`)
    }
    return signInvitation(
      {
        namespaceId: namespace.id,
        groupId,
        expiresAtSec: BigInt(Math.floor(clock.nowMs() / 1000) + options.lifetimeSec),
        salt: random.bytes(SALT_LENGTH),
        role: options.role,
      },
      identity,
    )
  }

  get ownKeys(): MemberKeys {
    const { account, identity, kem } = this.#parts
    return { account, publicKey: identity.publicKey, kemKey: kem.publicKey }
  }

  /**
   * Joins by invitation and resolves when the group's key is here. Throws INVITATION_INVALID, NOT_ALLOWED, JOIN_TIMEOUT:
   * what is missing is in the message; once we are a member, asking goes on in the background.
   */
  async join(invitation: Invitation, options: { signal?: AbortSignal } = {}): Promise<Namespace> {
    if (!verifyInvitation(invitation)) {
      throw new ContextError('INVITATION_INVALID', 'the invitation was changed, or is not signed by its inviter')
    }
    const { namespaceId: id, groupId } = invitation
    return this.#enter({ id, groupId }, options, (namespace) => this.#becomeMember(namespace, invitation, options))
  }

  /** Takes part in a namespace that others have made us a member of. Resolves and throws as `join`. */
  enter(place: Place, options: { signal?: AbortSignal } = {}): Promise<Namespace> {
    return this.#enter(place, options, (namespace) =>
      this.#wait(`the log of namespace ${namespace.id} from a connected member`, options.signal, async () => {
        if (!namespace.isOwnMember(place.groupId)) await this.#parts.outbound.syncNamespace(namespace.id, options)
        return namespace.isOwnMember(place.groupId)
      }),
    )
  }

  /** One at a time of a namespace: they share its log. */
  #enter(
    place: Place,
    options: { signal?: AbortSignal },
    become: (namespace: Namespace) => Promise<void>,
  ): Promise<Namespace> {
    const { id } = place
    const before = this.#joins.get(id)?.catch(() => undefined) ?? Promise.resolve()
    const joining = before.then(() => this.#enterNow(place, options, become))
    this.#joins.set(id, joining)
    const forget = () => {
      if (this.#joins.get(id) === joining) this.#joins.delete(id)
    }
    joining.then(forget, forget)
    return joining
  }

  async #enterNow(
    { id, groupId }: Place,
    options: { signal?: AbortSignal },
    become: (namespace: Namespace) => Promise<void>,
  ): Promise<Namespace> {
    const namespace = this.#known.get(id) ?? (await Namespace.open(id, this.#parts))
    this.#known.set(id, namespace)
    try {
      await become(namespace)
    } catch (error) {
      if (!namespace.isKnown) {
        this.#known.delete(id)
        // A pull for it may be under way still: what it brings is for nobody.
        await namespace.close()
      }
      throw error
    }
    this.#parts.outbound.followNamespace(id)
    await this.#wait(`the key of group ${groupId} from a connected member`, options.signal, async () => {
      if (!namespace.holdsKey(groupId)) await this.#parts.outbound.fetchKeys(id, groupId, options)
      return namespace.holdsKey(groupId)
    })
    return namespace
  }

  /** Pulls the log with the invitation until it is whole enough for our joining to stand on it. */
  async #becomeMember(namespace: Namespace, invitation: Invitation, options: { signal?: AbortSignal }): Promise<void> {
    let refusals = 0
    await this.#wait(`the log of namespace ${namespace.id} from a connected member`, options.signal, async () => {
      if (namespace.isOwnMember(invitation.groupId)) return true
      await this.#parts.outbound.syncNamespace(namespace.id, { ...options, invitation })
      if (!namespace.isKnown) return false
      try {
        await namespace.submit({ kind: 'member_joined', invitation, member: namespace.ownKeys })
        return true
      } catch (error) {
        // Perhaps only half of the log has come: the refusal counts when another pull does not change it.
        refusals += 1
        if (!(error instanceof ContextError) || refusals >= JOIN_REFUSALS_MAX) throw error
        return false
      }
    })
  }

  /**
   * Resolves when the key of a group is here that our member has by inheritance, with false for one it is in directly.
   * Throws GROUP_NOT_FOUND, NOT_A_MEMBER, JOIN_TIMEOUT.
   */
  async joinInherited(groupId: GroupId, options: { signal?: AbortSignal } = {}): Promise<boolean> {
    const { account, outbound } = this.#parts
    const namespace = this.ofGroup(groupId)
    if (!namespace.isOwnMember(groupId)) {
      throw new ContextError(
        'NOT_A_MEMBER',
        `this node's member has no way into group ${groupId} from a group above it`,
      )
    }
    await this.#wait(`the key of group ${groupId} from a connected member`, options.signal, async () => {
      if (!namespace.holdsKey(groupId)) await outbound.fetchKeys(namespace.id, groupId, options)
      return namespace.holdsKey(groupId)
    })
    return namespace.state.groups.get(groupId)?.members.has(account) !== true
  }

  /** Asks for the key of a group that a member has only just come into. Resolves when it is here, or after a little while. */
  async fetchKey(groupId: GroupId, options: { signal?: AbortSignal } = {}): Promise<void> {
    const namespace = this.ofGroup(groupId)
    const endMs = this.#parts.clock.nowMs() + KEY_COMING_WAIT_MS
    await this.#wait(`the key of group ${groupId}`, options.signal, async () => {
      if (!namespace.holdsKey(groupId)) await this.#parts.outbound.fetchKeys(namespace.id, groupId, options)
      return namespace.holdsKey(groupId) || this.#parts.clock.nowMs() >= endMs
    })
  }

  /** Resolves when a member is known here, in a namespace whose log may be a little behind. False: it has not come. */
  async knows(namespace: Namespace, account: AccountId, options: { signal?: AbortSignal } = {}): Promise<boolean> {
    const isKnown = () => namespace.state.members.has(account)
    try {
      await until({
        what: `member ${account}`,
        clock: this.#parts.clock,
        timeoutMs: MEMBER_KNOWN_WAIT_MS,
        intervalMs: JOIN_RETRY_MS,
        probe: async () => {
          if (!isKnown()) await this.#parts.outbound.syncNamespace(namespace.id, options)
          return isKnown() ? { done: true } : { seen: 'nobody has told of it' }
        },
        ...options,
      })
      return true
    } catch (cause) {
      if (!(cause instanceof WaitError)) throw cause
      return false
    }
  }

  /** Removes what this node has of a closed namespace: keys first, its log last. */
  async forget(namespace: Namespace): Promise<void> {
    const { store, keyRing } = this.#parts
    // Those of deleted groups, too.
    await keyRing.drop(namespace.groupsEver())
    const range = rangeOf(keyOf('governance', idBytes(namespace.id)))
    const keys: Bytes[] = []
    for await (const [key] of store.entries(range)) keys.push(key)
    await store.batch(keys.map((key) => ({ type: 'del', key })))
    if (this.#known.get(namespace.id) === namespace) this.#known.delete(namespace.id)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#known.values()].map((namespace) => namespace.close()))
  }

  async #wait(what: string, signal: AbortSignal | undefined, reached: () => Promise<boolean>): Promise<void> {
    try {
      await until({
        what,
        clock: this.#parts.clock,
        timeoutMs: JOIN_WAIT_MS,
        intervalMs: JOIN_RETRY_MS,
        probe: async () => ((await reached()) ? { done: true } : { seen: 'no connected member had it' }),
        ...(signal ? { signal } : {}),
      })
    } catch (cause) {
      if (!(cause instanceof WaitError)) throw cause
      throw new ContextError('JOIN_TIMEOUT', `the join is not complete: ${cause.message}`, { cause })
    }
  }
}

const CAPABILITY_INVITE = 2

function mayInvite(namespace: Namespace, groupId: GroupId, account: AccountId): boolean {
  return (namespace.state.capabilitiesIn(groupId, account) & CAPABILITY_INVITE) !== 0
}
