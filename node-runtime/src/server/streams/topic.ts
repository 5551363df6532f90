// What clients watch, and hubs deliver by.
import type { ContextId, GroupId } from '../../base/ids.ts'

export type Topic = ContextId | GroupId

export interface Topics {
  readonly contextIds: readonly ContextId[]
  readonly groupIds: readonly GroupId[]
}
