// Replicas for the tests of this folder: each with a state, a clock of its own and sessions that are thrown away.
import { type Bytes, concat, toHex, u32be, utf8 } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { idBytes, idFromBytes, type PublicKey } from '../base/ids.ts'
import { accountOf } from '../base/keys.ts'
import { mergeArtifact } from './artifact.ts'
import { type MemoryState, memoryState } from './memory-state.ts'
import { CrdtSession } from './session.ts'

export interface Sent {
  readonly artifact: Bytes
  readonly author: PublicKey
  readonly hlc: bigint
}

export const idOf = (name: string): Bytes => sha256(utf8(`id ${name}`))

export class Replica {
  readonly publicKey: PublicKey
  readonly bytes: Bytes
  readonly account: Bytes
  state: MemoryState = memoryState()
  /** The HLC: the next call starts above it. */
  hlc: bigint
  #ids = 0

  constructor(name: string, hlc = 1000n) {
    this.bytes = sha256(utf8(`replica ${name}`))
    this.publicKey = idFromBytes<PublicKey>(this.bytes)
    this.account = idBytes(accountOf(this.publicKey))
    this.hlc = hlc
  }

  /** A session on a copy of the state, whose changes are lost. */
  session(): CrdtSession {
    return this.#sessionOn(this.state.copy(), { now: this.hlc + 1n })
  }

  /** Runs a call as a node does: overlay thrown away, artifact merged like anyone's. undefined = nothing changed. */
  call(body: (session: CrdtSession) => void): Sent | undefined {
    const overlay = this.state.copy()
    const hlc = this.hlc + 1n
    const time = { now: hlc }
    const session = this.#sessionOn(overlay, time)
    body(session)
    this.hlc = time.now
    const artifact = session.takeArtifact()
    if (artifact === undefined) return undefined
    const sent = { artifact, author: this.publicKey, hlc }
    this.receive(sent)
    const [applied, seen] = [this.state.dump(), overlay.dump()]
    if (applied.join() !== seen.join()) throw new Error('the merged artifact is not what the call saw')
    return sent
  }

  receive(sent: Sent): void {
    mergeArtifact(this.state, sent.artifact, sent)
    if (sent.hlc > this.hlc) this.hlc = sent.hlc
  }

  #sessionOn(state: MemoryState, time: { now: bigint }): CrdtSession {
    return new CrdtSession(state, {
      replica: this.bytes,
      account: this.account,
      hlc: time.now,
      now: () => time.now++,
      newId: () => sha256(this.bytes, u32be(this.#ids++)),
    })
  }
}

/** What a guest can read of one instance, under every type. */
export function readsOf(replica: Replica, id: Bytes, keys: readonly Bytes[]): unknown {
  const session = replica.session()
  const hex = (bytes: Bytes | undefined): string | undefined => (bytes === undefined ? undefined : toHex(bytes))
  return {
    map: hex(session.mapIter(id)),
    values: keys.map((key) => hex(session.mapGet(id, key))),
    set: hex(session.setIter(id)),
    len: session.setLen(id),
    lww: hex(session.lwwGet(id)),
    time: hex(session.lwwTimestamp(id)),
    counter: session.counterValue(id),
    pnCounter: session.pnCounterValue(id),
    vector: hex(session.vector.iter(id)),
    authoredVector: hex(session.authoredVector.iter(id)),
    authoredMap: hex(session.authoredMap.iter(id)),
    owners: keys.map((key) => hex(session.authoredMap.ownerOf(id, key))),
    text: hex(session.text.getText(id)),
    user: hex(session.userStorageGetForUser(id, replica.account)),
    root: hex(session.readRoot()),
  }
}

/** Reads what `iterBytes` made. */
export function items(bytes: Bytes): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const out: string[] = []
  for (let at = 4; at < bytes.byteLength; ) {
    const length = view.getUint32(at, true)
    out.push(Buffer.from(concat([bytes.subarray(at + 4, at + 4 + length)])).toString())
    at += 4 + length
  }
  return out
}
