// What a check finds: damage, or a leftover that does no harm. A repair is part of the finding that asks for it.
import type { Bytes } from '../../base/bytes.ts'

export interface Finding {
  /** `damage`: something is not what it has to be. `leftover`: it is of use to nobody, and harms nobody. */
  readonly kind: 'damage' | 'leftover'
  /** What was looked at: `delta`, `state`, `blob`, … */
  readonly what: string
  /** Hex id of the context, where it is of one. */
  readonly context?: string
  /** Says what was seen, and what to do where nothing can be repaired. */
  readonly message: string
  readonly repair?: Repair
}

/** Only what the node makes or fetches again by itself: nothing that it alone has is ever removed. */
export interface Repair {
  readonly does: string
  /** Rows to remove. */
  readonly keys?: readonly Bytes[]
  /** Folder of a blob to move away. */
  readonly blob?: string
}

export const REFETCH = 'move the directory away, start the node anew, and let it fetch its contexts from members'
