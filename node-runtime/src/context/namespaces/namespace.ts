// One namespace on this node: its governance log in the store, what it lets authors do, and new operations of our own.
import { type Bytes, equalBytes } from '../../base/bytes.ts'
import type { HybridClock } from '../../base/clock.ts'
import {
  type AccountId,
  type ApplicationId,
  type BlobId,
  type ContextId,
  type GroupId,
  idBytes,
  type KeyId,
  type NamespaceId,
  type OpId,
  type PublicKey,
} from '../../base/ids.ts'
import { accountOf, type KemKeyPair, keyIdOf, type SigningKey } from '../../base/keys.ts'
import type { Logger } from '../../base/log.ts'
import type { MemberKeys, OpBody, RemovalPinned } from '../../base/operations.ts'
import type { Random } from '../../base/random.ts'
import { SerialQueue } from '../../base/serial-queue.ts'
import { Governance } from '../../governance/governance.ts'
import {
  type ContextProposals,
  type Member,
  type NamespaceState,
  NO_REMOVALS,
  type Removal,
  type Removed,
} from '../../governance/namespace-state.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type Store, type StoreOp } from '../../store/store.ts'
import type { Delta } from '../../wire/delta.ts'
import { PARENTS_MAX } from '../../wire/limits.ts'
import { decodeOp, encodeOp, type SignedOp, signOp, verifyOp } from '../../wire/op.ts'
import { isFromTheFuture } from '../apply/future.ts'
import { ContextError } from '../errors.ts'
import { NAMESPACE_QUEUE_MAX } from '../limits.ts'
import type { Authority, GroupEvent, Judgement, Outbound, PeerId } from '../ports.ts'
import { groupEventsOf } from './group-events.ts'
import { GroupKeys } from './group-keys.ts'
import type { GroupKey, KeyRing } from './key-ring.ts'
import { NamedApplications } from './named-applications.ts'

const GROUP_KEY_BYTES = 32

export interface NamespaceParts {
  readonly store: Store
  readonly keyRing: KeyRing
  readonly identity: SigningKey
  readonly kem: KemKeyPair
  readonly account: AccountId
  readonly hlc: HybridClock
  readonly nowMs: () => number
  readonly random: Random
  readonly outbound: Outbound
  /** After operations or keys have arrived and are stored. */
  readonly onChange: (namespace: Namespace) => void
  readonly onGroupEvent: (event: GroupEvent) => void
  readonly log: Logger
}

export class Namespace implements Authority {
  readonly id: NamespaceId
  readonly #parts: NamespaceParts
  #governance: Governance<SignedOp>
  readonly #queue = new SerialQueue(NAMESPACE_QUEUE_MAX)
  #refused = 0
  #isClosed = false
  readonly #keys: GroupKeys
  readonly #namedApplications = new NamedApplications()
  private constructor(id: NamespaceId, governance: Governance<SignedOp>, parts: NamespaceParts) {
    this.id = id
    this.#governance = governance
    this.#parts = parts
    this.#keys = new GroupKeys({ ...parts, id, state: () => this.state })
    for (const op of this.opsNotIn([], Number.MAX_SAFE_INTEGER)) this.#note(op)
  }

  static async open(id: NamespaceId, parts: NamespaceParts): Promise<Namespace> {
    const ops = await storedOps(id, parts.store)
    for (const op of ops) parts.hlc.observe(op.hlc)
    return new Namespace(id, Governance.restore(id, ops), parts)
  }

  get state(): NamespaceState {
    return this.#governance.state()
  }

  /** False until the first operation is here. */
  get isKnown(): boolean {
    return this.#governance.heads().length > 0
  }

  /** Nothing comes of it any more: the node is stopping, or the namespace was removed from it. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  get refused(): number {
    return this.#refused
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
    return this.#governance.heads()
  }

  mayWrite(contextId: ContextId, author: PublicKey): boolean {
    return this.state.canWrite(contextId, author)
  }

  mayRead(contextId: ContextId, reader: PublicKey): boolean {
    const context = this.state.contexts.get(contextId)
    return context !== undefined && this.state.isMember(context.groupId, reader)
  }

  writers(contextId: ContextId): readonly Pick<Member, 'publicKey' | 'joinedHlc'>[] {
    const { state } = this
    return [...state.members.values()].filter(({ publicKey }) => state.canWrite(contextId, publicKey))
  }

  writersAt(contextId: ContextId, governance: readonly OpId[]): readonly PublicKey[] | undefined {
    const cut = this.#governance.stateAt(governance)
    if (!cut?.contexts.has(contextId)) return undefined
    return [...cut.members.values()].map(({ publicKey }) => publicKey).filter((key) => cut.canWrite(contextId, key))
  }

  judge(contextId: ContextId, header: Pick<Delta, 'author' | 'governance' | 'keyId'>): Judgement {
    const cut = this.#governance.stateAt(header.governance)
    if (!cut) return 'not-yet'
    const context = cut.contexts.get(contextId)
    const may =
      context && cut.canWrite(contextId, header.author) && cut.fittingKeys(context.groupId).includes(header.keyId)
    return may ? 'yes' : 'no'
  }

  applicationAt(contextId: ContextId, governance: readonly OpId[]): ApplicationId | undefined {
    return this.#governance.stateAt(governance)?.contexts.get(contextId)?.applicationId
  }

  removalsUnseen(contextId: ContextId, header: Pick<Delta, 'author' | 'governance'>): readonly Removal[] {
    const { state } = this
    if (equalBytes(state.judgement(contextId), NO_REMOVALS)) return []
    const cut = this.#governance.stateAt(header.governance)
    return cut ? state.removalsUnseen(contextId, header.author, cut) : []
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
    await this.#queue.run(async () => {
      if (!mayWriteIn(this.state, groupId, this.#parts.identity.publicKey)) return
      if (!isLost && this.state.fittingKeys(groupId).length > 0) return
      await this.#rotate(groupId)
    })
  }

  /** A new key of the group, made here. Throws NOT_ALLOWED for who may not write in the group. */
  rotateKey(groupId: GroupId): Promise<void> {
    return this.#queue.run(() => this.#rotate(groupId))
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

  // Operations

  missing(limit: number): OpId[] {
    return this.#governance.missing(limit)
  }

  opsNotIn(have: readonly OpId[], limit: number): SignedOp[] {
    return this.#governance.opsNotIn(have, limit)
  }

  newestOps(limit: number): SignedOp[] {
    return this.#governance.newest(limit)
  }

  /**
   * Signs an operation on the current heads, stores it in one batch with `also`, and gossips it. Throws NOT_ALLOWED
   * with the rule that stands against it.
   */
  submit(body: OpBody, also: readonly StoreOp[] = []): Promise<SignedOp> {
    return this.#queue.run(() => this.#submit(body, also))
  }

  /**
   * Several, each on the one before, all or none: `commit` stores their rows in one batch with what else belongs to them.
   * Throws NOT_ALLOWED, with the rule that stands against one of them, before that is called.
   */
  submitAll(bodies: readonly OpBody[], commit: (rows: readonly StoreOp[]) => Promise<void>): Promise<void> {
    return this.#queue.run(async () => {
      const ops: SignedOp[] = []
      const heads = (last: SignedOp | undefined) => (last === undefined ? this.heads() : [last.id])
      for (const body of bodies) ops.push(this.#signed(body, heads(ops.at(-1))))
      this.#requireAllowed(ops)
      await commit(ops.map((op) => this.#put(op)))
      this.#taken(ops)
    })
  }

  /** Takes operations from a peer in any order. Returns how many were accepted. */
  receive(ops: readonly SignedOp[], from: PeerId | undefined): Promise<number> {
    return this.#queue.run(async () => {
      const before = this.state
      const rows: StoreOp[] = []
      const accepted: SignedOp[] = []
      let missing = 0
      for (const op of ops) {
        if (this.#governance.has(op.id) || !this.#isGenuine(op)) continue
        const result = this.#governance.receive(op)
        for (const id of [...result.evicted, ...result.invalid]) rows.push({ type: 'del', key: this.#key(id) })
        if (result.outcome === 'invalid') this.#refuse(op, result.reason ?? 'invalid')
        rows.push(...result.accepted.map((taken) => this.#put(taken)))
        // What waits is stored only for members: a stranger's operations cost memory up to the cap, and no disk.
        if (result.outcome === 'pending' && this.hasMember(op.author)) rows.push(this.#put(op))
        for (const taken of result.accepted) this.#parts.hlc.observe(taken.hlc)
        for (const taken of result.accepted) this.#note(taken)
        accepted.push(...result.accepted)
        missing += result.missing.length
      }
      if (rows.length > 0) await this.#commit(rows)
      if (missing > 0) this.#parts.outbound.askForOps(this.id, from)
      if (accepted.length > 0) this.#changed(accepted, before)
      return accepted.length
    })
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
    return this.#queue.close()
  }

  /** They are in the store. */
  #changed(ops: readonly SignedOp[], before: NamespaceState): void {
    this.#parts.onChange(this)
    const { account } = this.#parts
    for (const event of groupEventsOf(ops, { before, state: this.state, account })) this.#parts.onGroupEvent(event)
  }

  async #rotate(groupId: GroupId): Promise<void> {
    const { keyRing, random } = this.#parts
    const key = random.bytes(GROUP_KEY_BYTES)
    const change = keyRing.add(groupId, key)
    // Of more heads than an operation has parents the rest is not covered.
    const cut = this.#governance.stateAt(this.heads().slice(0, PARENTS_MAX)) ?? this.state
    const covers = cut.removalsDigest(groupId)
    await this.#submit({ kind: 'key_rotated', groupId, keyId: keyIdOf(key), covers }, [change.op], change.committed)
  }

  /** `stored` is called when the batch has resolved, before anybody hears of the operation. */
  async #submit(body: OpBody, also: readonly StoreOp[], stored: () => void = () => {}): Promise<SignedOp> {
    const op = this.#signed(body, this.heads())
    this.#requireAllowed([op])
    await this.#parts.store.batch([...also, this.#put(op)])
    stored()
    this.#taken([op])
    return op
  }

  #signed(body: OpBody, heads: readonly OpId[]): SignedOp {
    const { identity, hlc } = this.#parts
    const parents = heads.slice(0, PARENTS_MAX)
    return signOp({ namespaceId: this.id, parents, hlc: hlc.tick(), body, signingKey: identity })
  }

  #requireAllowed(ops: readonly SignedOp[]): void {
    const refused = this.#governance.refusalOfChain(ops)
    if (refused === undefined) return
    throw new ContextError('NOT_ALLOWED', `${refused.op.body.kind} was refused: ${refused.reason}`)
  }

  /** Own ones that are in the store. */
  #taken(ops: readonly SignedOp[]): void {
    const { outbound, log } = this.#parts
    const before = this.state
    for (const op of ops) {
      this.#governance.receive(op)
      this.#note(op)
    }
    this.#changed(ops, before)
    outbound.publishOps(this.id, ops).catch((error) => {
      log.warn({ opId: ops[0]?.id, error: String(error) }, 'operations not gossiped; peers will pull them')
    })
  }

  /** What the log has said, whether it stands or not. */
  #note(op: SignedOp): void {
    this.#keys.note(op)
    this.#namedApplications.add(op)
  }

  #isGenuine(op: SignedOp): boolean {
    if (op.namespaceId !== this.id || !verifyOp(op)) return this.#refuse(op, 'its namespace or signature is wrong')
    // Not kept: its author sends it again in every round until its time has come.
    if (isFromTheFuture(op.hlc, this.#parts.nowMs())) return this.#refuse(op, 'its stamp is far ahead of our clock')
    return true
  }

  /** What arrived is in memory already: when it cannot be stored, memory goes back to what is. */
  async #commit(rows: readonly StoreOp[]): Promise<void> {
    try {
      await this.#parts.store.batch(rows)
    } catch (error) {
      this.#governance = Governance.restore(this.id, await storedOps(this.id, this.#parts.store))
      throw error
    }
  }

  #key(id: OpId): Bytes {
    return keyOf('governance', idBytes(this.id), idBytes(id))
  }

  #put(op: SignedOp): StoreOp {
    return { type: 'put', key: this.#key(op.id), value: encodeOp(op) }
  }

  #refuse(op: SignedOp, reason: string): false {
    this.#refused += 1
    this.#parts.log.debug({ opId: op.id, kind: op.body.kind, reason }, 'operation refused')
    return false
  }
}

function mayWriteIn(state: NamespaceState, groupId: GroupId, publicKey: PublicKey): boolean {
  const role = state.roleIn(groupId, accountOf(publicKey))
  return role === 'Admin' || role === 'Member'
}

async function storedOps(id: NamespaceId, store: Store): Promise<SignedOp[]> {
  const ops: SignedOp[] = []
  for await (const [, value] of store.entries(rangeOf(keyOf('governance', idBytes(id))))) ops.push(decodeOp(value))
  return ops
}
