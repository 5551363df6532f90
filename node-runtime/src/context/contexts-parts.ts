// What all contexts of a node are made of, and what is asked of them.
import type { Bytes } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { ApplicationId, GroupId } from '../base/ids.ts'
import type { GuestExecutor } from '../runtime/guest-executor.ts'
import type { BlobParts } from './blobs/blob-effects.ts'
import type { Applications } from './namespaces/code/applications.ts'
import type { Namespace, NamespaceParts } from './namespaces/namespace.ts'
import type { Namespaces } from './namespaces/namespaces.ts'
import type { Retention } from './parts.ts'
import type { StateEvent, XCallEvent } from './ports.ts'

export interface ContextsParts extends Omit<NamespaceParts, 'onChange' | 'keyRing'> {
  readonly clock: Clock
  readonly executor: GuestExecutor
  readonly applications: Applications
  readonly namespaces: Namespaces
  readonly blobParts: BlobParts
  readonly retention: Retention
  readonly onEvent: (event: StateEvent) => void
  readonly onXCall: (event: XCallEvent) => void
  /** The state of a context of this namespace has come to another version. */
  readonly onMigrated: (namespace: Namespace) => void
  /** A member has said something else of such a state than before. */
  readonly onStateSaid: (namespace: Namespace) => void
  /** A context of this namespace got a delta that is sealed with a key we do not have. */
  readonly onKeyMissing: (namespace: Namespace, groupId: GroupId) => void
  /** One was made when the context ran another application, which is not here. */
  readonly onCodeMissing: (namespace: Namespace, applicationId: ApplicationId) => void
}

export interface AdoptOptions {
  readonly signal?: AbortSignal
  readonly applicationId?: ApplicationId
}

export interface CreateContextRequest {
  readonly applicationId: ApplicationId
  readonly groupId: GroupId
  /** JSON bytes for `init`; empty for none. */
  readonly initParams: Bytes
  /** 32 bytes that make the id; random when absent. */
  readonly seed?: Bytes
  readonly name?: string
  readonly serviceName?: string
}
