// The state tree that one stream is shown: the same for all requests on it, however the state moves on meanwhile. It is let go with the
// stream, or after a while.
import type { Clock } from '../base/clock.ts'
import type { ContextId, RootHash } from '../base/ids.ts'
import type { FrameStream, PeerId } from '../network/network.ts'
import type { TreeView } from '../storage/tree-view.ts'
import { TREE_HELD_MS } from './limits.ts'
import type { SyncedContext } from './ports.ts'
import { Refusal } from './refusal.ts'
import type { ServingPlaces } from './serving-places.ts'

export interface HeldTreeParts {
  readonly clock: Clock
  /** For all trees that are held. */
  readonly places: ServingPlaces
  readonly peer: PeerId
  readonly stream: FrameStream
}

export class HeldTree {
  readonly #parts: HeldTreeParts
  #held: { readonly contextId: ContextId; readonly view: TreeView; readonly letGo: () => void } | undefined

  constructor(parts: HeldTreeParts) {
    this.#parts = parts
  }

  /** Throws Refusal where the state has another root by now, or too many trees are held. */
  view(context: SyncedContext, contextId: ContextId, root: RootHash): TreeView {
    const held = this.#held
    if (held?.contextId === contextId && held.view.root === root) return held.view
    this.close()
    const { clock, places, peer, stream } = this.#parts
    const view = context.tree(root)
    if (!view) throw new Refusal('not_found', 'no longer that root')
    const place = places.take(peer, stream)
    if (!place) {
      void view.close()
      throw new Refusal('busy', 'too many state trees are held for others')
    }
    const cancel = clock.setTimer(() => this.close(), TREE_HELD_MS)
    const letGo = () => {
      cancel()
      place.end()
      void view.close()
    }
    this.#held = { contextId, view, letGo }
    return view
  }

  close(): void {
    this.#held?.letGo()
    this.#held = undefined
  }
}
