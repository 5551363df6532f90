// States that a hostile peer serves, and the checkpoints that it says they are.
import type { Bytes } from '../../src/base/bytes.ts'
import { type DeltaId, idFromBytes, type OpId, type PublicKey, type RootHash } from '../../src/base/ids.ts'
import type { SigningKey } from '../../src/base/keys.ts'
import type { FrameStream } from '../../src/network/network.ts'
import { keysOf } from '../../src/testing/test-node.ts'
import type { TestWorld } from '../../src/testing/test-nodes.ts'
import { type Checkpoint, checkpointHash, encodeCertified, type Vouch, vouchFor } from '../../src/wire/checkpoint.ts'
import { type SyncFrame, syncFrameMessage, syncRequestMessage } from '../../src/wire/sync-messages.ts'
import type { Setting } from '../run/settings.ts'
import type { Draws } from '../scenario/draws.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { Forgery } from './hostile-forgery.ts'

export interface FalseStatesParts {
  readonly world: TestWorld
  readonly scenario: Scenario
  readonly setting: Setting
  readonly identity: SigningKey
  readonly forgery: Forgery
  readonly draws: Draws
  /** The last delta that it heard of. */
  readonly newest: () => DeltaId | undefined
  /** What it heard others vouch for. */
  readonly vouches: ReadonlyMap<PublicKey, Vouch>
}

const EARLIEST = idFromBytes<DeltaId>(new Uint8Array(32).fill(1))

export class FalseStates {
  readonly #parts: FalseStatesParts
  #beginning: OpId | undefined

  constructor(parts: FalseStatesParts) {
    this.#parts = parts
  }

  get hasEarlyCut(): boolean {
    return this.#beginning !== undefined
  }

  /** From now on its checkpoint is judged, as it says, where the context began. False where nobody is there to ask for that. */
  nameEarlyCut(): boolean {
    const { world, setting } = this.#parts
    const { contextId, namespaceId } = setting.shared
    const asked = [...world.nodes.values()].find(({ running }) => running)
    const log = asked?.node.namespaces.get(namespaceId).opsNotIn([], Number.MAX_SAFE_INTEGER) ?? []
    this.#beginning = log.find(({ body }) => body.kind === 'context_created' && body.contextId === contextId)?.id
    return this.hasEarlyCut
  }

  /** Entries that nobody signed, under the name of a state that somebody did; or the state of the beginning as that of now. */
  async serve(stream: FrameStream): Promise<void> {
    const { forgery } = this.#parts
    const first = await forgery.firstState()
    const send = (frame: SyncFrame) => stream.send(syncFrameMessage.encode(frame))
    for await (const bytes of stream.frames) {
      const { t } = syncRequestMessage.decode(bytes)
      if (t === 'greet') {
        const checkpoint = this.#checkpoint(first.root)
        await send({ t: 'greeting', beats: [], ...(checkpoint ? { checkpoint } : {}) })
      } else if (t === 'snapshot') {
        await send({ t: 'entries', entries: first.entries })
      } else if (t === 'base') {
        await send({ t: 'entries', entries: [{ key: forgery.bytes(20), value: forgery.bytes(50) }] })
      } else if (t === 'tree') {
        // A leaf with one entry, or no node at all, in the place of what the root that it has signed is over.
        const node = Uint8Array.from(forgery.bytes(65))
        node[0] = (node[0] ?? 0) & 1
        await send({ t: 'items', items: [node] })
      } else {
        return send({ t: 'refused', code: 'busy', message: 'never' })
      }
      await send({ t: 'end', more: false })
    }
  }

  /**
   * That of nobody, up to the newest delta that it heard of, mostly: vouched for by itself, by strangers, and by what others have
   * said of other checkpoints. At an early cut of the log the one who made the context is in it, too.
   */
  #checkpoint(root: RootHash): Bytes | undefined {
    const { setting, scenario, forgery, draws, identity, newest, vouches } = this.#parts
    const heard = newest()
    if (heard === undefined) return undefined
    const early = this.#beginning
    // With all that was written, or before the first of it.
    const last = early !== undefined && draws.chance(0.5) ? EARLIEST : heard
    const authors = scenario.nodes.map((name) => [keysOf(name).identity.publicKey, last] as const)
    const checkpoint: Checkpoint = {
      contextId: setting.shared.contextId,
      last,
      root: early !== undefined || draws.chance(0.5) ? root : (forgery.someId() as string as RootHash),
      count: 1_000_000,
      chain: forgery.bytes(32),
      heads: [last],
      authors: Object.fromEntries(authors),
      recent: { counting: [last], voids: [], lost: [] },
      governance: early !== undefined ? [early] : draws.chance(0.5) ? [...setting.governance].sort() : [],
    }
    const hash = checkpointHash(checkpoint)
    const helpers = early !== undefined ? scenario.nodes.slice(0, 1) : []
    const strangers = Array.from({ length: 5 }, (_, index) => `stranger ${index}`)
    const helped = [...helpers, ...strangers].map((name) => vouchFor(hash, keysOf(name).identity))
    return encodeCertified({ checkpoint, vouches: [vouchFor(hash, identity), ...vouches.values(), ...helped] })
  }
}
