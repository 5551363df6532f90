// What the routes need of the node; the composition root fits it.

import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '../base/clock.ts'
import type { Watchable } from '../base/feed.ts'
import type { AccountId, PublicKey } from '../base/ids.ts'
import type { SigningKey } from '../base/keys.ts'
import type { Random } from '../base/random.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { FleetJoin } from '../context/attestation/fleet-join.ts'
import type { BlobReferences } from '../context/blobs/blob-references.ts'
import type { Contexts } from '../context/contexts.ts'
import type { Applications } from '../context/namespaces/code/applications.ts'
import type { Identities } from '../context/namespaces/identities.ts'
import type { Joiner } from '../context/namespaces/joiner.ts'
import type { Namespaces } from '../context/namespaces/namespaces.ts'
import type { NodeEvent } from '../context/ports.ts'
import type { Presences } from '../context/presence/presence.ts'
import type { NodeFaults } from '../network/faults/node-faults.ts'
import type { Network } from '../network/network.ts'
import type { Store } from '../store/store.ts'
import type { BlobExchange } from '../sync/blobs/blob-exchange.ts'
import type { Sync } from '../sync/sync.ts'

export type Readiness =
  /** `reasons`: what is lacking all the same, in words. `isUnmet`: its mesh has never stood since its start. */
  | { readonly ready: true; readonly reasons: readonly string[]; readonly isUnmet?: true }
  /** `reason`: what is waited for, in words. */
  | { readonly ready: false; readonly why: 'starting' | 'shutting_down'; readonly reason?: string }

export interface NodeServices {
  readonly identity: SigningKey
  readonly account: AccountId
  readonly applications: Applications
  readonly namespaces: Namespaces
  readonly contexts: Contexts
  readonly joiner: Joiner
  readonly identities: Identities
  readonly sync: Sync
  readonly blobExchange: BlobExchange
  readonly blobReferences: BlobReferences
  readonly fleet: FleetJoin
  readonly presences: Pick<Presences, 'set' | 'hide' | 'shownIn'>
  readonly readiness: Readiness
  /** Since the start, own ones included. */
  readonly applied: { readonly deltas: number }
  /** What clients may watch: once each, after it is stored. */
  readonly events: Watchable<NodeEvent>
  readonly ports: {
    readonly store: Store
    readonly blobs: BlobStore
    readonly network: Network
    readonly clock: Clock
    readonly random: Random
    /** Where it was started with them. */
    readonly faults?: NodeFaults | undefined
  }
}

/** One request, as the guard sees it: before anything of it is read but its head. */
export interface AccessRequest {
  readonly headers: IncomingHttpHeaders
  /** As it was sent, with its query: `?token=` counts where there is no Authorization header. */
  readonly url: string
  /** Never `public`: `token`, or a permission with the ids of the path filled in, as they were sent. */
  readonly permission: string
  /** Whoever has it for anything is let in: what it is about stands in the body, and is asked about before anything is done. */
  readonly someIsEnough?: boolean
}

/** What a refusal says in `X-Auth-Error`, where it says anything. */
export type AccessReason = 'token_expired' | 'token_revoked' | 'permission_denied' | 'invalid_node'

export type Access =
  /** `member`: whose calls must be those of a member of the context. Absent: the owner of the node asks. */
  | {
      readonly granted: true
      /** Which key asks: what a client opens is its own. */
      readonly keyId?: string
      readonly member?: PublicKey
      /** Asked about what only the body says, such as the context of a call. Absent: nothing is forbidden. */
      readonly permits?: (permission: string) => boolean
    }
  | { readonly granted: false; readonly status: 401 | 403 | 500; readonly reason?: AccessReason }

/** Who may ask what. Implemented by `auth/`. */
export interface AccessGuard {
  check(request: AccessRequest): Promise<Access>
  /** Tells that a token may be worth less from now on: whoever is connected by one is asked about again. */
  readonly revocations?: Watchable<void>
}
