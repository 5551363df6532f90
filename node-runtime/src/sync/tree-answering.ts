// The serving side of the tree diff: nodes of the state tree, and keys by their hashes, of one state, so much for each peer. The caller
// has checked that the asker may read the context.
import type { Bytes } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { FrameStream, PeerId } from '../network/network.ts'
import type { TreeView } from '../storage/tree-view.ts'
import type { SyncRequest } from '../wire/sync-messages.ts'
import { ItemWriter, sendFrame } from './conversation.ts'
import { HeldTree } from './held-tree.ts'
import {
  DIFF_KEY_BYTES_MAX,
  DIFF_ROWS_MAX,
  TREE_PAGE_BYTES,
  TREE_READS_MAX,
  TREE_READS_MS,
  TREES_HELD_MAX,
  TREES_HELD_PEER_MAX,
} from './limits.ts'
import type { SyncedContext } from './ports.ts'
import { Refusal } from './refusal.ts'
import { ServingPlaces } from './serving-places.ts'

export type TreeRequest = Extract<SyncRequest, { t: 'tree' | 'names' }>

interface Asked {
  readonly peer: PeerId
  readonly request: TreeRequest
  readonly context: SyncedContext
  readonly held: HeldTree
  readonly stream: FrameStream
}

export class TreeAnswering {
  readonly #clock: Clock
  readonly #places: ServingPlaces
  /** Of each peer since `#sinceMs`. */
  readonly #reads = new Map<PeerId, number>()
  #sinceMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
    this.#places = new ServingPlaces(clock, { max: TREES_HELD_MAX, peerMax: TREES_HELD_PEER_MAX })
  }

  /** For one stream: to be closed with it. */
  begin(peer: PeerId, stream: FrameStream): HeldTree {
    return new HeldTree({ clock: this.#clock, places: this.#places, peer, stream })
  }

  async answer({ peer, request, context, held, stream }: Asked): Promise<void> {
    const room = this.#room(peer)
    if (room <= 0) throw new Refusal('busy', 'enough of state trees was read for this peer')
    const view = held.view(context, request.contextId, request.root)
    const writer = new ItemWriter(stream)
    const more =
      request.t === 'tree'
        ? await this.#nodes(peer, request.paths, view, writer)
        : await this.#keys(peer, request.hashes, view, writer)
    await writer.flush()
    await sendFrame(stream, { t: 'end', more })
  }

  async #nodes(peer: PeerId, paths: readonly string[], view: TreeView, writer: ItemWriter): Promise<boolean> {
    let bytes = 0
    for (const path of paths) {
      const node = view.encoded(path)
      this.#spend(peer, 1)
      if (node === undefined) throw new Refusal('not_found', 'the state tree has no such node')
      bytes += node.byteLength
      await writer.add(node)
      if (bytes >= TREE_PAGE_BYTES) return true
    }
    return false
  }

  async #keys(peer: PeerId, hashes: readonly Bytes[], view: TreeView, writer: ItemWriter): Promise<boolean> {
    const rowsMax = Math.min(this.#room(peer), DIFF_ROWS_MAX)
    // Taken before, so that no second stream has them, too.
    this.#spend(peer, rowsMax)
    const { keys, rows } = await view.keysOf(hashes, { rowsMax, bytesMax: DIFF_KEY_BYTES_MAX })
    this.#spend(peer, rows - rowsMax)
    for (const key of keys.values()) await writer.add(key)
    return false
  }

  #room(peer: PeerId): number {
    const nowMs = this.#clock.nowMs()
    if (nowMs < this.#sinceMs || nowMs >= this.#sinceMs + TREE_READS_MS) {
      this.#reads.clear()
      this.#sinceMs = nowMs
    }
    return TREE_READS_MAX - (this.#reads.get(peer) ?? 0)
  }

  /** What is given back may be of a time that is over: nobody has more than the whole for that. */
  #spend(peer: PeerId, reads: number): void {
    this.#reads.set(peer, Math.max(0, (this.#reads.get(peer) ?? 0) + reads))
  }
}
