// What one write to a host collection costs, by the number of its siblings: a call that writes once, and the merge of its
// artifact, over the authenticated state of a context with its root, in memory. The sizes take turns within a round, and the
// slowest hundredth of a round's writes, which something else has interrupted, does not count: others on the machine disturb
// little, and all sizes alike. (Processor time comes in steps of milliseconds, which is a hundred writes.)
// `node --conditions=source bench/crdt/run.ts [--rounds 7] [--sizes 100,10000,100000] [--writes 300] [--write]`
import { cpus, loadavg } from 'node:os'
import { type Bytes, toHex, u32be, utf8 } from '../../node-runtime/src/base/bytes.ts'
import { sha256 } from '../../node-runtime/src/base/hash.ts'
import { type ContextId, idBytes, idFromBytes, type PublicKey } from '../../node-runtime/src/base/ids.ts'
import { accountOf } from '../../node-runtime/src/base/keys.ts'
import { mergeArtifact } from '../../node-runtime/src/crdt/artifact.ts'
import type { CrdtState } from '../../node-runtime/src/crdt/crdt-state.ts'
import { CrdtSession } from '../../node-runtime/src/crdt/session.ts'
import { ContextState } from '../../node-runtime/src/storage/context-state.ts'
import { memoryStore } from '../../node-runtime/src/store/memory.ts'
import { scriptOptions, wholeNumber, wholeNumbers } from '../../scripts/command-line.ts'
import { showReport } from '../show-report.ts'

const ID = sha256(utf8('bench'))
const AUTHOR = idFromBytes<PublicKey>(sha256(utf8('author')))
const FILL_BATCH = 1000
/** Of the writes of a round, the quickest. */
const COUNTED = 0.99

interface Overlay extends CrdtState {
  changes(): { key: Bytes; value: Bytes | null }[]
}

function overlay(base: { get(key: Bytes): Bytes | undefined }): Overlay {
  const writes = new Map<string, { key: Bytes; value: Bytes | null }>()
  return {
    get: (key) => {
      const written = writes.get(toHex(key))
      return written === undefined ? base.get(key) : (written.value ?? undefined)
    },
    set: (key, value) => void writes.set(toHex(key), { key, value }),
    changes: () => [...writes.values()],
  }
}

type Write = (session: CrdtSession, n: number, siblings: number) => void

const key = (n: number): Bytes => utf8(`key ${n}`)
const value = (n: number): Bytes => u32be(n)
/** Spreads numbers over the siblings without a pattern that an index could like. */
const spread = (n: number, siblings: number): number => (n * 7919) % siblings

const KINDS: Readonly<Record<string, { readonly fill: Write; readonly write: Write }>> = {
  'map: new key': {
    fill: (session, n) => void session.mapInsert(ID, key(n), value(n)),
    write: (session, n) => void session.mapInsert(ID, utf8(`new ${n}`), value(n)),
  },
  'map: replace': {
    fill: (session, n) => void session.mapInsert(ID, key(n), value(n)),
    write: (session, n, siblings) => void session.mapInsert(ID, key(spread(n, siblings)), value(n)),
  },
  'vector: push': {
    fill: (session, n) => void session.vector.push(ID, value(n)),
    write: (session, n) => void session.vector.push(ID, value(n)),
  },
  'vector: insert anywhere': {
    fill: (session, n) => void session.vector.push(ID, value(n)),
    write: (session, n, siblings) => session.vector.insert(ID, BigInt(spread(n, siblings)), value(n)),
  },
}

class Subject {
  readonly #state: ContextState
  readonly #siblings: number
  readonly #kind: { readonly fill: Write; readonly write: Write }
  #now = 1_000_000n
  #writes = 0

  constructor(name: string, siblings: number) {
    const kind = KINDS[name]
    if (kind === undefined) throw new Error(`no kind ${name}`)
    this.#kind = kind
    this.#siblings = siblings
    this.#state = ContextState.open(store, idFromBytes<ContextId>(sha256(utf8(`${name} ${siblings}`))))
  }

  async fill(): Promise<void> {
    for (let n = 0; n < this.#siblings; n += FILL_BATCH) {
      const end = Math.min(this.#siblings, n + FILL_BATCH)
      await this.#call((session) => {
        for (let at = n; at < end; at += 1) this.#kind.fill(session, at, this.#siblings)
      })
    }
  }

  /** Means of one round. */
  async measure(writes: number): Promise<{ call: number; merge: number; records: number; bytes: number }> {
    const all = []
    for (let n = 0; n < writes; n += 1) {
      const number = this.#writes++
      all.push(await this.#call((session) => this.#kind.write(session, number, this.#siblings)))
    }
    const counted = all
      .toSorted((one, other) => one.callUs + one.mergeUs - other.callUs - other.mergeUs)
      .slice(0, Math.ceil(COUNTED * writes))
    return {
      call: mean(counted.map((one) => one.callUs)),
      merge: mean(counted.map((one) => one.mergeUs)),
      records: mean(all.map((one) => one.records)),
      bytes: mean(all.map((one) => one.bytes)),
    }
  }

  async #call(body: (session: CrdtSession) => void) {
    const startedUs = nowUs()
    const hlc = this.#now
    const session = new CrdtSession(overlay(this.#state), {
      replica: idBytes(AUTHOR),
      account: idBytes(accountOf(AUTHOR)),
      hlc,
      now: () => this.#now++,
      newId: () => ID,
    })
    body(session)
    const artifact = session.takeArtifact()
    if (artifact === undefined) throw new Error('a write changed nothing')
    const calledUs = nowUs()
    const transaction = this.#state.begin()
    const staged = overlay(transaction)
    mergeArtifact(staged, artifact, { author: AUTHOR, hlc })
    const changes = staged.changes()
    transaction.apply(changes)
    transaction.root()
    const ops = transaction.ops()
    const mergedUs = nowUs()
    await store.batch(ops)
    transaction.committed()
    const bytes = changes.reduce((sum, change) => sum + change.key.byteLength + (change.value?.byteLength ?? 0), 0)
    return { callUs: calledUs - startedUs, mergeUs: mergedUs - calledUs, records: changes.length, bytes }
  }
}

const nowUs = (): number => 1000 * performance.now()

const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length

function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const options = scriptOptions(
  'usage: node --conditions=source bench/crdt/run.ts [--rounds 7] [--sizes 100,10000,100000] [--writes 300] [--write]',
  {
    rounds: { type: 'string', default: '7' },
    sizes: { type: 'string', default: '100,10000,100000' },
    writes: { type: 'string', default: '300' },
    write: { type: 'boolean', default: false },
  },
  (given) => ({
    ...given,
    rounds: wholeNumber('rounds', given.rounds, 1),
    sizes: wholeNumbers('sizes', given.sizes, 1),
    writes: wholeNumber('writes', given.writes, 1),
  }),
)

const store = memoryStore()
const loadAtStart = Math.round(10 * (loadavg()[0] ?? 0)) / 10
const { sizes } = options
const round1 = (number: number): number => Math.round(10 * number) / 10
const results = []
for (const name of Object.keys(KINDS)) {
  const subjects = sizes.map((siblings) => ({
    siblings,
    subject: new Subject(name, siblings),
    rounds: [] as Awaited<ReturnType<Subject['measure']>>[],
  }))
  for (const { subject } of subjects) await subject.fill()
  // The first round warms up and is not counted. Few writes a round, or a hundred siblings are soon many more.
  for (let round = -1; round < options.rounds; round += 1) {
    for (const { subject, rounds } of subjects) {
      const one = await subject.measure(options.writes)
      if (round >= 0) rounds.push(one)
    }
  }
  const [smallest] = subjects
  for (const { siblings, rounds } of subjects) {
    const cost = (list: typeof rounds) => median(list.map((one) => one.call + one.merge))
    results.push({
      kind: name,
      siblings,
      rounds: rounds.length,
      callUs: round1(median(rounds.map((one) => one.call))),
      mergeUs: round1(median(rounds.map((one) => one.merge))),
      records: round1(median(rounds.map((one) => one.records))),
      recordBytes: Math.round(median(rounds.map((one) => one.bytes))),
      overSmallest: Math.round((100 * cost(rounds)) / cost(smallest?.rounds ?? rounds)) / 100,
    })
  }
}
const report = { node: process.version, cpus: cpus().length, loadAtStart, writes: options.writes, results }
await showReport(report, options.write ? import.meta.dirname : undefined)
