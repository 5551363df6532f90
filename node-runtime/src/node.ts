// The composition root: builds every part bottom-up, starts them, and closes them in reverse. Wiring only.

import type { Clock } from './base/clock.ts'
import { HybridClock } from './base/clock.ts'
import { Feed } from './base/feed.ts'
import { accountOf, type KemKeyPair, type SigningKey } from './base/keys.ts'
import type { Logger } from './base/log.ts'
import type { Random } from './base/random.ts'
import type { BlobStore } from './blobs/blob-store.ts'
import { AdmissionGate } from './context/attestation/admission-gate.ts'
import type { Attester } from './context/attestation/attester.ts'
import { FleetJoin } from './context/attestation/fleet-join.ts'
import { BlobKeeper } from './context/blobs/blob-keeper.ts'
import { BlobReferences } from './context/blobs/blob-references.ts'
import { Contexts } from './context/contexts.ts'
import { ABSENT_MS, AGED_MAX, CHECKPOINT_MIN, RECEIPT_BYTES, REVISION_MAX, SWEEP_EVERY } from './context/limits.ts'
import { Applications, type BundleReader } from './context/namespaces/code/applications.ts'
import { MigrationWatch } from './context/namespaces/code/migration-report.ts'
import { Identities } from './context/namespaces/identities.ts'
import { Joiner } from './context/namespaces/joiner.ts'
import { KeyRing } from './context/namespaces/keys/key-ring.ts'
import { NextKeys } from './context/namespaces/keys/next-keys.ts'
import type { Namespace } from './context/namespaces/namespace.ts'
import { Namespaces } from './context/namespaces/namespaces.ts'
import type { Retention } from './context/parts.ts'
import type { GroupEvent, NodeEvent, StateEvent } from './context/ports.ts'
import { Presences } from './context/presence/presence.ts'
import { PENDING_MAX } from './dag/limits.ts'
import type { NodeFaults } from './network/faults/node-faults.ts'
import type { MeshReadyOptions, Network } from './network/network.ts'
import { NodeReadiness } from './readiness.ts'
import type { GuestExecutor } from './runtime/guest-executor.ts'
import type { NodeServices, Readiness } from './server/ports.ts'
import { sweepAllGenerations } from './storage/generations.ts'
import { requireFormat } from './store/format.ts'
import type { Store } from './store/store.ts'
import { type WatchedStore, watchedStore } from './store/watched-store.ts'
import { AdmissionRequests } from './sync/admission.ts'
import { BlobExchange } from './sync/blobs/blob-exchange.ts'
import type { Directory } from './sync/ports.ts'
import { Sync, type SyncOptions } from './sync/sync.ts'
import { RUN_TOPIC } from './sync/topics.ts'
import { RECENT_MAX } from './wire/limits.ts'

/** Everything that differs between production, tests and the simulator. */
export interface NodePorts {
  readonly store: Store
  readonly blobs: BlobStore
  readonly network: Network
  readonly executor: GuestExecutor
  /** Absent: on this thread. */
  readonly readBundle?: BundleReader
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** For tests. */
  readonly faults?: NodeFaults | undefined
}

export interface NodeOptions {
  readonly identity: SigningKey
  readonly kem: KemKeyPair
  readonly sync?: SyncOptions
  /** How long members are waited for before history is pruned, and how much of it at least. */
  readonly retention?: Partial<Retention>
  /** Connections that make the node ready. */
  readonly meshDegree?: number
  readonly onEvent?: (event: StateEvent) => void
  /** What the node attests itself with; absent: it runs in no trusted environment. */
  readonly attester?: Attester | undefined
}

export class Node implements NodeServices {
  readonly identity: SigningKey
  readonly kem: KemKeyPair
  readonly account: ReturnType<typeof accountOf>
  readonly applications: Applications
  readonly namespaces: Namespaces
  readonly contexts: Contexts
  readonly joiner: Joiner
  readonly sync: Sync
  readonly blobExchange: BlobExchange
  readonly blobReferences: BlobReferences
  readonly identities: Identities
  readonly presences: Presences
  readonly fleet: FleetJoin
  readonly events: Feed<NodeEvent>
  readonly applied: { readonly deltas: number }
  readonly ports: NodePorts
  readonly #keeper: BlobKeeper
  readonly #nextKeys: NextKeys
  /** What makes the node ready. */
  readonly #mesh: MeshReadyOptions
  readonly #stop = new AbortController()
  readonly #readiness: NodeReadiness
  #closing: Promise<void> | undefined

  private constructor(parts: NodeParts, options: NodeOptions, ports: NodePorts) {
    this.identity = options.identity
    this.kem = options.kem
    this.account = accountOf(options.identity.publicKey)
    this.applications = parts.applications
    this.namespaces = parts.namespaces
    this.contexts = parts.contexts
    this.joiner = parts.joiner
    this.sync = parts.sync
    this.blobExchange = parts.blobExchange
    this.blobReferences = parts.blobReferences
    this.#keeper = parts.keeper
    this.#nextKeys = parts.nextKeys
    this.identities = new Identities(ports)
    this.presences = parts.presences
    this.fleet = parts.fleet
    this.events = parts.events
    this.applied = parts.applied
    this.ports = ports
    this.#mesh = {
      degree: options.meshDegree ?? MESH_DEGREE,
      topic: RUN_TOPIC,
      helloDone: (peer) => this.sync.greeted(peer),
      onHello: (listener) => this.sync.onGreeted(listener),
    }
    const { network, clock } = ports
    const { contexts, namespaces, applications } = parts
    const { publicKey } = options.identity
    const { hlc, store } = parts
    const ready = { network, store, contexts, namespaces, applications, clock, hlc, mesh: this.#mesh, publicKey }
    this.#readiness = new NodeReadiness(ready)
  }

  /** Builds the node from what is in the store. Takes over the ports: `close` closes them. */
  static async open(given: NodePorts, options: NodeOptions): Promise<Node> {
    const store = watchedStore(given.store)
    const ports = { ...given, store }
    const { blobs, network, executor, clock, random, log } = ports
    const { identity, kem } = options
    await requireFormat(store)
    await sweepAllGenerations(store)
    const account = accountOf(identity.publicKey)
    const hlc = new HybridClock(clock)
    const late: LateParts = {}
    const sync = new Sync(
      { network, directory: directoryOf(late), identity, clock, random, log: log.child({ module: 'sync' }) },
      options.sync,
    )
    const blobReferences = new BlobReferences(store, blobs)
    const blobExchange = new BlobExchange({
      network,
      directory: directoryOf(late),
      references: blobReferences,
      blobs,
      clock,
      log: log.child({ module: 'blobs' }),
    })
    const applications = new Applications({ store, blobs, executor, readBundle: ports.readBundle })
    const events = new Feed<NodeEvent>((error) => log.error({ error: String(error) }, 'a watcher of events failed'))
    const nowMs = () => clock.nowMs()
    const onGroupEvent = (event: GroupEvent) => events.emit(event)
    const shared = {
      store,
      identity,
      kem,
      account,
      hlc,
      nowMs,
      onGroupEvent,
      random,
      outbound: sync,
      log: log.child({ module: 'context' }),
    }
    const nextKeys = new NextKeys({ clock, publicKey: identity.publicKey, log: shared.log })
    const namespaces = await Namespaces.open({
      ...shared,
      keyRing: await KeyRing.open(store),
      clock,
      applications,
      onChange: (namespace: Namespace) => {
        late.joiner?.wake(namespace)
        nextKeys.look(namespace)
      },
    })
    late.namespaces = namespaces
    late.admission = new AdmissionGate({
      namespaces,
      identity,
      account,
      clock,
      random,
      log: log.child({ module: 'context' }),
    })
    const fleet = new FleetJoin({
      namespaces,
      outbound: new AdmissionRequests({ network, clock, random }),
      clock,
      attester: options.attester,
    })
    const applied = { deltas: 0 }
    const onEvent = (event: StateEvent) => {
      if (event.deltaId !== undefined) {
        applied.deltas += 1
        sync.announceHeads(event.contextId)
      }
      options.onEvent?.(event)
      events.emit(event)
    }
    const contexts = await Contexts.open({
      ...shared,
      clock,
      executor,
      applications,
      namespaces,
      blobParts: { blobs, references: blobReferences, blobOutbound: blobExchange },
      retention: {
        absentMs: ABSENT_MS,
        checkpointMin: CHECKPOINT_MIN,
        recentMax: RECENT_MAX,
        sweepEvery: SWEEP_EVERY,
        revisionMax: REVISION_MAX,
        receiptBytes: RECEIPT_BYTES,
        pendingMax: PENDING_MAX,
        agedMax: AGED_MAX,
        ...options.retention,
      },
      onEvent,
      onXCall: (event) => events.emit(event),
      onKeyMissing: (namespace, groupId) => late.joiner?.wantKeys(namespace, groupId),
      onMigrated: (namespace) => {
        late.joiner?.wake(namespace)
        late.migrations?.look(namespace)
      },
      onStateSaid: (namespace) => late.migrations?.look(namespace),
      onCodeMissing: (namespace, applicationId) => late.joiner?.wantCode(namespace, applicationId),
    })
    late.contexts = contexts
    late.migrations = new MigrationWatch({ applications, contexts, identity, onGroupEvent, log: shared.log })
    const presences = new Presences({
      identity,
      clock,
      random,
      log: log.child({ module: 'presence' }),
      groupOf: (id) => contexts.record(id)?.groupId,
      mayRead: (id, publicKey) => namespaces.list().some((namespace) => namespace.mayRead(id, publicKey)),
      sealingKey: (group) => namespaces.ofGroup(group).sealingKey(group),
      renewKey: (group) => namespaces.ofGroup(group).renewKey(group),
      openingKey: (group, keyId) => namespaces.ofGroup(group).openingKey(group, keyId),
      onKeyMissing: (group, author) => late.joiner?.wantKeys(namespaces.ofGroup(group), group, author),
      publish: (presence) => sync.publishPresence(presence),
      onEvent: (event) => events.emit(event),
    })
    late.presences = presences
    const joiner = new Joiner({
      applications,
      contexts,
      outbound: sync,
      blobs: blobExchange,
      clock,
      log: log.child({ module: 'join' }),
    })
    late.joiner = joiner
    // Code among them is asked for until it comes.
    blobs.onDamaged(() => {
      for (const namespace of namespaces.list()) joiner.wake(namespace)
    })
    const references = blobReferences
    const blobLog = log.child({ module: 'blobs' })
    const keeper = new BlobKeeper({ blobs, references, applications, namespaces, contexts, clock, log: blobLog })
    const parts = {
      store,
      hlc,
      applications,
      namespaces,
      contexts,
      joiner,
      nextKeys,
      sync,
      blobExchange,
      blobReferences,
      keeper,
      presences,
      fleet,
      events,
      applied,
    }
    return new Node(parts, options, ports)
  }

  get readiness(): Readiness {
    return this.#readiness.now
  }

  /** Goes on the network and resumes what was interrupted. Readiness follows when the mesh stands. */
  async start(): Promise<void> {
    const { network, log } = this.ports
    await this.blobExchange.resume()
    await network.start()
    this.#readiness.started()
    network.meshReady({ ...this.#mesh, signal: this.#stop.signal }).then(
      () => {
        this.#readiness.met()
        log.info({ peers: network.peers().length }, 'node ready')
      },
      (error) => log.debug({ error: String(error) }, 'stopped before the mesh stood'),
    )
    for (const namespace of this.namespaces.list()) {
      this.sync.followNamespace(namespace.id)
    }
    await this.contexts.resume()
    for (const namespace of this.namespaces.list()) {
      this.joiner.wake(namespace)
      this.#nextKeys.look(namespace)
    }
    this.#keeper.start()
  }

  /** From now on it says that it is not ready. It goes on working until `close`: what it was asked is still answered. */
  announceStop(): void {
    this.#readiness.stopping()
  }

  /** Idempotent. Refuses new work, waits for what runs, then releases the ports. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { network, executor, store } = this.ports
    this.announceStop()
    this.#stop.abort(new Error('the node is stopping'))
    // First: a join may wait for a blob.
    await this.blobExchange.close()
    this.presences.close()
    this.#nextKeys.close()
    await this.joiner.close()
    await this.#keeper.close()
    await this.sync.close()
    await this.contexts.close()
    await this.namespaces.close()
    await network.close()
    await executor.close()
    await store.close()
  }
}

/** Below the dial degree of the network: a node is ready before its last spare connection stands. */
const MESH_DEGREE = 2

interface NodeParts {
  readonly store: WatchedStore
  readonly hlc: HybridClock
  readonly applications: Applications
  readonly namespaces: Namespaces
  readonly contexts: Contexts
  readonly joiner: Joiner
  readonly sync: Sync
  readonly blobExchange: BlobExchange
  readonly blobReferences: BlobReferences
  readonly keeper: BlobKeeper
  readonly nextKeys: NextKeys
  readonly presences: Presences
  readonly fleet: FleetJoin
  readonly events: Feed<NodeEvent>
  readonly applied: { readonly deltas: number }
}

/** What is built after `sync`, which needs it only once messages come. */
interface LateParts {
  migrations?: MigrationWatch
  namespaces?: Namespaces
  contexts?: Contexts
  joiner?: Joiner
  presences?: Presences
  admission?: AdmissionGate
}

function directoryOf(late: LateParts): Directory {
  return {
    get admission() {
      return late.admission
    },
    namespace: (id) => late.namespaces?.find(id),
    namespaceOf: (id) => late.namespaces?.list().find((namespace) => namespace.state.contexts.has(id)),
    namespacesNaming: (id) =>
      (late.namespaces?.list() ?? []).filter((each) => each.namesBlob(id)).map((each) => each.id),
    mayRead: (id, publicKey) => late.namespaces?.list().some((namespace) => namespace.mayRead(id, publicKey)) ?? false,
    context: async (id) => (late.contexts?.has(id) ? late.contexts.get(id) : undefined),
    receivePresence: (presence) => late.presences?.receive(presence),
  }
}
