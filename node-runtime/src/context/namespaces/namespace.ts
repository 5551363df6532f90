// One namespace on this node: its governance log in the store, what it lets authors do, and new operations of our own.
import { type Bytes, equalBytes } from '../../base/bytes.ts'
import type { Clock, HybridClock } from '../../base/clock.ts'
import type {
  AccountId,
  ApplicationId,
  BlobId,
  ContextId,
  GroupId,
  KeyId,
  NamespaceId,
  OpId,
  PublicKey,
} from '../../base/ids.ts'
import { accountOf, type KemKeyPair, keyIdOf, type SigningKey } from '../../base/keys.ts'
import type { Logger } from '../../base/log.ts'
import type { MemberKeys, OpBody, RemovalPinned } from '../../base/operations.ts'
import type { Random } from '../../base/random.ts'
import {
  type ContextProposals,
  type Member,
  type NamespaceState,
  NO_REMOVALS,
  type Removal,
  type Removed,
} from '../../governance/namespace-state.ts'
import type { Store, StoreOp } from '../../store/store.ts'
import type { Delta } from '../../wire/delta.ts'
import { GOVERNANCE_HEADS_MAX } from '../../wire/limits.ts'
import type { SignedOp } from '../../wire/op.ts'
import type { Authority, GroupEvent, Judgement, KnownRemovals, Outbound, PeerId, Running } from '../ports.ts'
import { logAttested } from './attested-groups.ts'
import type { Applications } from './code/applications.ts'
import { NamedApplications } from './code/named-applications.ts'
import { logUpgrade } from './code/versions.ts'
import { groupEventsOf } from './group-events.ts'
import { GroupKeys } from './keys/group-keys.ts'
import type { GroupKey, KeyRing } from './keys/key-ring.ts'
import { NamedKeys } from './keys/named-keys.ts'
import { OpLog } from './op-log.ts'

const GROUP_KEY_BYTES = 32

export interface NamespaceParts {
  readonly store: Store
  readonly keyRing: KeyRing
  readonly identity: SigningKey
  readonly kem: KemKeyPair
  readonly account: AccountId
  readonly hlc: HybridClock
  readonly nowMs: () => number
  readonly clock: Clock
  readonly random: Random
  readonly outbound: Outbound
  /** After operations or keys have arrived and are stored. */
  readonly onChange: (namespace: Namespace) => void
  readonly onGroupEvent: (event: GroupEvent) => void
  readonly applications: Pick<Applications, 'get'>
  readonly log: Logger
}

/** By all operations of the log, whatever became of them. */
interface Named {
  readonly keys: NamedKeys
  readonly applications: NamedApplications
}

export class Namespace implements Authority {
  readonly id: NamespaceId
  readonly #parts: NamespaceParts
  readonly #keys: GroupKeys
  readonly #namedApplications: NamedApplications
  readonly #log: OpLog
  /** By cut and context: asked for with each beat that comes while a checkpoint waits for vouches. */
  readonly #writersAt = new WeakMap<NamespaceState, Map<ContextId, readonly PublicKey[]>>()
  /** By all upgrades, then by context and application. */
  readonly #cutsRunning = new WeakMap<object, Map<string, readonly OpId[] | undefined>>()
  #isClosed = false

  private constructor(log: OpLog, named: Named, parts: NamespaceParts & { readonly id: NamespaceId }) {
    this.id = parts.id
    this.#parts = parts
    this.#log = log
    this.#namedApplications = named.applications
    this.#keys = new GroupKeys({ ...parts, named: named.keys, state: () => this.state })
  }

  static async open(id: NamespaceId, parts: NamespaceParts): Promise<Namespace> {
    const named: Named = { keys: new NamedKeys(), applications: new NamedApplications() }
    const listener = {
      onAccepted: (op: SignedOp) => {
        named.keys.add(op)
        named.applications.add(op)
      },
      onStored: (ops: readonly SignedOp[], before: NamespaceState) => namespace.#changed(ops, before),
    }
    const namespace: Namespace = new Namespace(await OpLog.open(id, parts, listener), named, { ...parts, id })
    return namespace
  }

  get state(): NamespaceState {
    return this.#log.governance.state()
  }

  /** False until the first operation is here. */
  get isKnown(): boolean {
    return this.#log.governance.heads().length > 0
  }

  /** Nothing comes of it any more: the node is stopping, or the namespace was removed from it. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Operations that wait for those before them. */
  get waitingOps(): number {
    return this.#log.governance.pendingCount
  }

  get refused(): number {
    return this.#log.refused
  }

  get ownKeys(): MemberKeys {
    const { account, identity, kem } = this.#parts
    return { account, publicKey: identity.publicKey, kemKey: kem.publicKey }
  }

  isOwnMember(groupId: GroupId): boolean {
    return this.state.roleIn(groupId, this.#parts.account) !== undefined
  }

  // Authority

  heads(): OpId[] {
    return this.#log.governance.heads()
  }

  mayWrite(contextId: ContextId, author: PublicKey): boolean {
    return this.state.canWrite(contextId, author)
  }

  mayRead(contextId: ContextId, reader: PublicKey): boolean {
    const context = this.state.contexts.get(contextId)
    return context !== undefined && this.state.isMember(context.groupId, reader)
  }

  members(): PublicKey[] {
    return [...this.state.members.values()].map(({ publicKey }) => publicKey)
  }

  readers(contextId: ContextId): PublicKey[] {
    return this.members().filter((publicKey) => this.mayRead(contextId, publicKey))
  }

  writers(contextId: ContextId): readonly Pick<Member, 'publicKey' | 'joinedHlc'>[] {
    const { state } = this
    return [...state.members.values()].filter(({ publicKey }) => state.canWrite(contextId, publicKey))
  }

  writersAt(contextId: ContextId, governance: readonly OpId[]): readonly PublicKey[] | undefined {
    const cut = this.#log.governance.stateAt(governance)
    if (!cut?.contexts.has(contextId)) return undefined
    const known = this.#writersAt.get(cut) ?? new Map<ContextId, readonly PublicKey[]>()
    this.#writersAt.set(cut, known)
    const writers =
      known.get(contextId) ??
      [...cut.members.values()].map(({ publicKey }) => publicKey).filter((key) => cut.canWrite(contextId, key))
    known.set(contextId, writers)
    return writers
  }

  judge(contextId: ContextId, header: Pick<Delta, 'author' | 'governance' | 'keyId' | 'madeUnder'>): Judgement {
    const { author, governance, keyId, madeUnder } = header
    // Nothing is folded for a stranger, whatever cut it names.
    if (!this.#log.governance.hasNamed(author)) {
      return governance.every((id) => this.#log.governance.has(id)) ? 'no' : 'not-yet'
    }
    const cut = this.#log.governance.stateAt(governance)
    if (!cut) return 'not-yet'
    const context = cut.contexts.get(contextId)
    if (!context || !cut.canWrite(contextId, author) || !cut.fittingKeys(context.groupId).includes(keyId)) return 'no'
    if (!madeUnder) return 'yes'
    // Of a writer that has come since, too: it goes on with the state where the others left it.
    const made = this.#log.governance.stateAt(madeUnder)
    if (!made) return 'not-yet'
    return made.contexts.has(contextId) ? 'yes' : 'no'
  }

  applicationAt(contextId: ContextId, governance: readonly OpId[]): ApplicationId | undefined {
    return this.runningAt(contextId, governance)?.applicationId
  }

  runningAt(contextId: ContextId, governance: readonly OpId[]): Running | undefined {
    return this.#log.governance.stateAt(governance)?.contexts.get(contextId)
  }

  cutRunning(contextId: ContextId, applicationId: ApplicationId): readonly OpId[] | undefined {
    const upgrades = this.#namedApplications.upgrades()
    const known = this.#cutsRunning.get(upgrades) ?? new Map<string, readonly OpId[] | undefined>()
    this.#cutsRunning.set(upgrades, known)
    const key = `${contextId} ${applicationId}`
    if (known.has(key)) return known.get(key)
    const created = this.state.contexts.get(contextId)?.createdBy
    const cuts = upgrades.flatMap(({ id, parents }) => [[id], parents])
    // An upgrade may have been beside the creation of the context: only a cut with both knows what it ran.
    const joined = created === undefined ? [] : cuts.map((cut) => [...new Set([...cut, created])].sort())
    const all = [...cuts, ...joined].filter(({ length }) => length <= GOVERNANCE_HEADS_MAX)
    const found = all.find((cut) => this.applicationAt(contextId, cut) === applicationId)
    known.set(key, found)
    return found
  }

  removalsNow(contextId: ContextId): KnownRemovals {
    const { state } = this
    const judgement = state.judgement(contextId)
    const unseen: KnownRemovals['unseen'] = ({ author, governance }) => {
      if (equalBytes(judgement, NO_REMOVALS)) return []
      const cut = this.#log.governance.stateAt(governance)
      return cut ? state.removalsUnseen(contextId, author, cut) : []
    }
    const groupId = state.contexts.get(contextId)?.groupId
    const isMember = (account: AccountId) => groupId !== undefined && state.roleIn(groupId, account) !== undefined
    return { judgement, all: () => state.removalsIn(contextId), unseen, isMember }
  }

  removalsIn(contextId: ContextId): readonly (readonly [Removed, Removal])[] {
    return this.state.removalsIn(contextId)
  }

  judgement(contextId: ContextId): Bytes {
    return this.state.judgement(contextId)
  }

  proposalsIn(contextId: ContextId): ContextProposals | undefined {
    return this.state.contexts.get(contextId)?.proposals
  }

  async pinRemoval(pins: Omit<RemovalPinned, 'kind'>): Promise<void> {
    await this.submit({ kind: 'removal_pinned', ...pins })
  }

  async renewKey(groupId: GroupId): Promise<void> {
    if (this.sealingKey(groupId)) return
    const isLost = this.#keys.isLost(groupId)
    if (this.state.fittingKeys(groupId).length > 0 && !isLost) return
    await this.#log.run(async () => {
      if (!mayWriteIn(this.state, groupId, this.#parts.identity.publicKey)) return
      if (!isLost && this.state.fittingKeys(groupId).length > 0) return
      await this.#rotate(groupId)
    })
  }

  /** A new key of the group, made here. Throws NOT_ALLOWED for who may not write in the group. */
  rotateKey(groupId: GroupId): Promise<void> {
    return this.#log.run(() => this.#rotate(groupId))
  }

  sealingKey(groupId: GroupId): GroupKey | undefined {
    return this.#keys.sealing(groupId)
  }

  /** False while a key of the group is to be fetched from others. */
  holdsKey(groupId: GroupId): boolean {
    return this.#keys.holdsOne(groupId)
  }

  openingKey(groupId: GroupId, keyId: GroupKey['keyId']): Bytes | undefined {
    return this.#keys.opening(groupId, keyId)
  }

  /** A fitting key is lacking here, or one that something here was sealed with. */
  lacksKeys(groupId: GroupId): boolean {
    return this.#keys.isLacking(groupId)
  }

  groupsLackingKeys(): GroupId[] {
    return [...this.state.groups.keys()].filter((id) => this.isOwnMember(id) && this.lacksKeys(id))
  }

  // Operations

  /** It is accepted. */
  holds(id: OpId): boolean {
    return this.#log.governance.has(id)
  }

  missing(limit: number): OpId[] {
    return this.#log.governance.missing(limit)
  }

  opsNotIn(have: readonly OpId[], limit: number): SignedOp[] {
    return this.#log.governance.opsNotIn(have, limit)
  }

  newestOps(limit: number): SignedOp[] {
    return this.#log.governance.newest(limit)
  }

  /**
   * Signs an operation on the current heads, stores it in one batch with `also`, and gossips it. Throws NOT_ALLOWED
   * with the rule that stands against it.
   */
  submit(body: OpBody, also: readonly StoreOp[] = []): Promise<SignedOp> {
    return this.#log.run(() => this.#log.add(body, also))
  }

  /**
   * Several, each on the one before, all or none: `commit` stores their rows in one batch with what else belongs to them.
   * Throws NOT_ALLOWED, with the rule that stands against one of them, before that is called.
   */
  submitAll(bodies: readonly OpBody[], commit: (rows: readonly StoreOp[]) => Promise<void>): Promise<void> {
    return this.#log.addAll(bodies, commit)
  }

  /** Takes operations from a peer in any order. Returns how many were accepted. */
  receive(ops: readonly SignedOp[], from: PeerId | undefined): Promise<number> {
    return this.#log.receive(ops, from)
  }

  /** Of the namespace or any of its groups. */
  hasMember(publicKey: PublicKey): boolean {
    return this.state.memberOf(publicKey) !== undefined
  }

  isMember(groupId: GroupId, publicKey: PublicKey): boolean {
    return this.state.isMember(groupId, publicKey)
  }

  namesBlob(blobId: BlobId): boolean {
    return this.#namedApplications.has(blobId)
  }

  /** Code that the log has named, wherever what named it stands: deltas may cite the cut where it did. */
  namedBlobs(): ReadonlySet<BlobId> {
    return this.#namedApplications.blobs()
  }

  /** Where the code of an application is; undefined while the log does not say. */
  codeOf(applicationId: ApplicationId): BlobId | undefined {
    return this.#namedApplications.blobOf(applicationId)
  }

  // Keys

  /** Every group that the log has named, those included that are gone. */
  groupsEver(): GroupId[] {
    return this.#keys.groups()
  }

  keysLacking(groupId: GroupId): ReturnType<GroupKeys['lacking']> {
    return this.#keys.lacking(groupId)
  }

  sealedKeysFor(groupId: GroupId, publicKey: PublicKey, wanted?: readonly KeyId[]): Iterable<Bytes> {
    return this.#keys.sealedFor(groupId, publicKey, wanted)
  }

  /** Whoever they come from. Returns how many are new. Throws KeyError for keys that were not sealed to us. */
  async receiveKeys(groupId: GroupId, sealed: readonly Bytes[]): Promise<number> {
    const added = await this.#keys.take(groupId, sealed)
    if (added > 0) this.#parts.onChange(this)
    return added
  }

  close(): Promise<void> {
    this.#isClosed = true
    return this.#log.close()
  }

  /** They are in the store. */
  #changed(ops: readonly SignedOp[], before: NamespaceState): void {
    this.#parts.onChange(this)
    const { account, applications, log } = this.#parts
    logAttested(ops, this.state, log)
    for (const { body } of ops) if (body.kind === 'application_set') logUpgrade(body, { before, applications, log })
    const around = { before, state: this.state, account, applications }
    for (const event of groupEventsOf(ops, around)) this.#parts.onGroupEvent(event)
  }

  async #rotate(groupId: GroupId): Promise<void> {
    const { keyRing, random } = this.#parts
    const key = random.bytes(GROUP_KEY_BYTES)
    const change = keyRing.add(groupId, key)
    // Of more heads than an operation has parents the rest is not covered.
    const cut = this.#log.governance.stateAt(this.#log.parents()) ?? this.state
    const covers = cut.removalsDigest(groupId)
    await this.#log.add({ kind: 'key_rotated', groupId, keyId: keyIdOf(key), covers }, [change.op], change.committed)
  }
}

export function mayWriteIn(state: NamespaceState, groupId: GroupId, publicKey: PublicKey): boolean {
  const role = state.roleIn(groupId, accountOf(publicKey))
  return role === 'Admin' || role === 'Member'
}
