// Replicas that make random operations, hear of some of the others' meanwhile, in any order, and then of all.
import { type Bytes, toHex } from '../../base/bytes.ts'
import { decodeArtifact, encodeArtifact, mergeArtifact } from '../artifact.ts'
import type { CrdtState } from '../crdt-state.ts'
import type { Fragment } from '../fragment.ts'
import { memoryState } from '../memory-state.ts'
import { Replica, type Sent } from '../replica-fixture.ts'
import { CrdtSession } from '../session.ts'
import { randomOperation } from './random-operations.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'

export interface PropertyRun {
  readonly type: string
  readonly seed: number
  readonly operations: number
  readonly replicas: number
}

export interface PropertyOutcome {
  readonly artifacts: number
  readonly merges: number
  readonly records: number
  /** Of the state bytes: one for each way in which the artifacts came together. All must be equal. */
  readonly digests: Readonly<Record<string, string>>
}

const CALL_OPERATIONS_MAX = 16
const HEARD_MAX = 6

/** Yields now and then, so that a long run can leave others their turn. */
export function* propertyRun({ type, seed, operations, replicas }: PropertyRun): Generator<undefined, PropertyOutcome> {
  const random = seededRandom(seed)
  // Clocks far apart: nothing may depend on them.
  const all = Array.from({ length: replicas }, (_, n) => new Replica(`r${n}`, BigInt(1 + n * n * 100_000)))
  const writers = all.map((replica) => replica.account)
  const sent: Sent[] = []
  let merges = 0
  const deliver = (state: CrdtState, one: Sent): void => {
    mergeArtifact(state, one.artifact, one)
    merges += 1
  }
  for (let left = operations; left > 0; ) {
    const replica = random.pick(all)
    for (let heard = sent.length === 0 ? 0 : random.below(HEARD_MAX); heard > 0; heard -= 1) {
      // Mostly news, and now and then something from long ago, again.
      const one = random.oneIn(8) ? random.pick(sent) : random.pick(sent.slice(-4 * replicas))
      deliver(replica.state, one)
      if (one.hlc > replica.hlc) replica.hlc = one.hlc
    }
    const count = Math.min(left, 1 + random.below(CALL_OPERATIONS_MAX))
    left -= count
    const made = callOf(replica, (session) => {
      for (let n = 0; n < count; n += 1) randomOperation(type, session, random, writers)
    })
    yield
    if (made === undefined) continue
    sent.push(made)
    deliver(replica.state, made)
  }
  const digests: Record<string, string> = {}
  for (const [n, replica] of all.entries()) {
    for (const one of random.shuffled([...sent, ...twice(sent, random)])) {
      deliver(replica.state, one)
      yield
    }
    digests[`replica ${n}, all of it shuffled and some twice`] = replica.state.digest()
  }
  const inOrder = memoryState()
  for (const one of sent) {
    deliver(inOrder, one)
    yield
  }
  digests['in the order of writing'] = inOrder.digest()
  const joined = memoryState()
  for (const one of random.shuffled(joinedByHand(sent))) {
    deliver(joined, one)
    yield
  }
  digests['artifacts of one author joined first'] = joined.digest()
  return { artifacts: sent.length, merges, records: inOrder.size, digests }
}

function twice(sent: readonly Sent[], random: SeededRandom): Sent[] {
  return sent.filter(() => random.oneIn(10))
}

/** Over an overlay that is thrown away, as a node makes calls: the artifact is all that remains. */
function callOf(replica: Replica, body: (session: CrdtSession) => void): Sent | undefined {
  const writes = new Map<string, Bytes | null>()
  const nameOf = (key: Bytes) => Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
  const state: CrdtState = {
    get: (key) => {
      const written = writes.get(nameOf(key))
      return written === undefined ? replica.state.get(key) : (written ?? undefined)
    },
    set: (key, value) => void writes.set(nameOf(key), value),
  }
  const hlc = replica.hlc + 1n
  let now = hlc
  const session = new CrdtSession(state, {
    replica: replica.bytes,
    account: replica.account,
    hlc,
    now: () => now++,
    newId: () => replica.bytes,
  })
  body(session)
  replica.hlc = now
  const artifact = session.takeArtifact()
  return artifact === undefined ? undefined : { artifact, author: replica.publicKey, hlc }
}

/** (a ⊔ b) ⊔ c = a ⊔ (b ⊔ c): neighbours of one author that change different things are one artifact. */
function joinedByHand(sent: readonly Sent[]): Sent[] {
  const out: Sent[] = []
  const last = new Map<string, number>()
  for (const one of sent) {
    const at = last.get(one.author)
    const before = at === undefined ? undefined : out[at]
    const artifact = before === undefined ? undefined : joinOf(before.artifact, one.artifact)
    if (at === undefined || before === undefined || artifact === undefined) {
      last.set(one.author, out.push(one) - 1)
    } else {
      // The earlier time: what is claimed in it is not claimed later than before.
      out[at] = { ...before, artifact }
      last.delete(one.author)
    }
  }
  return out
}

function joinOf(a: Bytes, b: Bytes): Bytes | undefined {
  const fragments = new Map<string, Fragment>()
  const all = [...decodeArtifact(a), ...decodeArtifact(b)]
  for (const fragment of all) fragments.set(`${fragment.tag} ${toHex(fragment.id)} ${toHex(fragment.part)}`, fragment)
  return fragments.size === all.length ? encodeArtifact(fragments.values()) : undefined
}
