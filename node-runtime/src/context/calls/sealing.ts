// Makes deltas of what calls have done: sealed, on the present heads and in the present cut of the log.
import { type ApplicationId, type DeltaId, idBase58, type OpId, type PublicKey } from '../../base/ids.ts'
import { type DeltaHeader, type DeltaPayload, sealUnsigned, type UnsignedDelta } from '../../wire/delta.ts'
import { GOVERNANCE_HEADS_MAX, PARENTS_MAX } from '../../wire/limits.ts'
import { ContextError } from '../errors.ts'
import type { Upgrader } from '../migration/upgrader.ts'
import type { ContextParts } from '../parts.ts'

/** What a delta is made of, and the code that has made it. */
export interface Made {
  readonly payload: DeltaPayload
  readonly applicationId: ApplicationId
  /** The cut that named this code, where it was another than the present one. */
  readonly madeUnder?: readonly OpId[]
  /** Where stamps begin that are to be none below the HLC. Nothing has come since: a call has the queue of its context. */
  readonly beganNs?: bigint | undefined
}

type SealingParts = Pick<ContextParts, 'record' | 'dag' | 'identity' | 'hlc' | 'random' | 'authority'> & {
  readonly upgrader: Upgrader
}

/** What deltas are built on that are written one on the other, in one batch. */
export class Parents {
  #tips: readonly DeltaId[]
  #own: DeltaId | undefined

  constructor(dag: ContextParts['dag'], author: PublicKey) {
    this.#tips = dag.tips()
    this.#own = dag.newestOf(author)
  }

  /** `parents` sorted; the author's own last one is among them, though others have built on it. */
  get next(): Pick<DeltaHeader, 'parents' | 'previous'> {
    const own = this.#own
    if (own === undefined) return { parents: this.#tips.slice(0, PARENTS_MAX) }
    const others = this.#tips.filter((id) => id !== own).slice(0, PARENTS_MAX - 1)
    const parents = [...others, own].sort()
    return { parents, previous: parents.indexOf(own) }
  }

  /** It was built on `next`. */
  add(id: DeltaId): void {
    const behind = new Set(this.next.parents)
    this.#tips = [...this.#tips.filter((tip) => !behind.has(tip)), id].sort()
    this.#own = id
  }
}

/** To be signed with the others of its batch. Throws NOT_ALLOWED, GROUP_KEY_PENDING, CONTEXT_BUSY. */
export function sealCall(
  { payload, applicationId, madeUnder, beganNs }: Made,
  parents: Parents,
  { rewrites, parts }: { readonly rewrites?: readonly DeltaId[]; readonly parts: SealingParts },
): UnsignedDelta {
  const { record, identity, authority, hlc, random, upgrader } = parts
  if (!authority.mayWrite(record.id, identity.publicKey)) {
    throw new ContextError('NOT_ALLOWED', `this node's member may read context ${idBase58(record.id)}, not write it`)
  }
  const sealing = authority.sealingKey(record.groupId)
  if (!sealing) {
    throw new ContextError('GROUP_KEY_PENDING', `the key of group ${record.groupId} has not arrived yet; retry`)
  }
  const governance = authority.heads().slice(0, GOVERNANCE_HEADS_MAX)
  // Others apply it by the code that its cut names, or the one under which it was made.
  const named = authority.applicationAt(record.id, governance)
  const isOther =
    named !== undefined &&
    named !== applicationId &&
    (record.storage === 'guest' || upgrader.isOtherVersion(governance, madeUnder))
  const under = madeUnder ?? (isOther ? upgrader.cutFor(applicationId, named) : undefined)
  const header = {
    contextId: record.id,
    author: identity.publicKey,
    ...parents.next,
    hlc: beganNs ?? hlc.tick(),
    governance,
    keyId: sealing.keyId,
    ...(rewrites ? { rewrites } : {}),
    ...(isOther && under ? { madeUnder: under } : {}),
  }
  // Of more heads than a delta cites some stay out, perhaps the very one that lets us write: others would refuse it.
  if (authority.judge(record.id, header) !== 'yes') {
    throw new ContextError(
      'CONTEXT_BUSY',
      `context ${idBase58(record.id)}: too many members were changed at once; retry soon`,
    )
  }
  if (isOther && !under) {
    const message = `context ${idBase58(record.id)} has been upgraded to application ${named}, which does not run here yet; retry`
    throw new ContextError('CONTEXT_BUSY', message)
  }
  if (upgrader.versions.of(header) === undefined) {
    const message = `context ${idBase58(record.id)} ran an application before ${named} whose code is not here yet, and only that says which state this one has; retry`
    throw new ContextError('CONTEXT_BUSY', message)
  }
  const delta = sealUnsigned({ header, payload, groupKey: sealing.key, random })
  parents.add(delta.id)
  return delta
}
