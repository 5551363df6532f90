// Blobs between nodes: fetched from connected members first, then from those who said in the DHT to have them; served to those
// who may have them.
import { type Bytes, concat, utf8 } from '../../base/bytes.ts'
import { taggedHash } from '../../base/hash.ts'
import { type BlobId, type ContextId, idBase58, idBytes, type NamespaceId } from '../../base/ids.ts'
import { BlobError } from '../../blobs/errors.ts'
import { BLOB_WHOLE_BYTES_MAX } from '../../blobs/limits.ts'
import { type BlobManifest, tooLarge } from '../../blobs/manifest.ts'
import type { PeerId } from '../../network/network.ts'
import { publicKeyOfPeer } from '../../network/peer-id.ts'
import type { BlobScope } from '../../wire/blob-messages.ts'
import { SyncError } from '../errors.ts'
import type { SyncedNamespace } from '../ports.ts'
import { topicName } from '../topics.ts'
import { BlobAnswering } from './blob-answering.ts'
import { BlobFetch, type FetchReport } from './blob-fetch.ts'
import { BLOBS_LOST_MAX, LIARS_MAX } from './blob-limits.ts'
import type { BlobExchangeParts } from './blob-ports.ts'
import { BlobSession } from './blob-session.ts'
import { FetchTurns, type Turn } from './fetch-turns.ts'
import { Receiving } from './receiving.ts'

interface Wish {
  readonly scope: BlobScope
  readonly address: BlobId
  /** How many turns ended while a peer owed something. */
  readonly kept: Map<PeerId, number>
  /** The manifest that a peer has sent, where that is not proven. */
  readonly offers: Map<PeerId, BlobId>
}

interface Cancel {
  readonly signal?: AbortSignal
}

interface Lost {
  /** Its other address, where that is known. */
  readonly hash: BlobId | undefined
  /** The log says that it did not come. */
  isTold: boolean
  /** Being asked for; and a member has connected since, who is to be asked, too. */
  isAsked: boolean
  isAgain: boolean
}

export class BlobExchange {
  readonly #parts: BlobExchangeParts
  readonly #fetches = new Map<string, Promise<FetchReport>>()
  readonly #turns: FetchTurns
  readonly #receiving: Receiving
  readonly #background = new Set<Promise<void>>()
  /** Peers that sent wrong bytes, by blob. */
  readonly #liars = new Set<string>()
  /** Damaged blobs that have not come again. */
  readonly #lost = new Map<BlobId, Lost>()
  readonly #stop = new AbortController()
  #lies = 0

  constructor(parts: BlobExchangeParts) {
    this.#parts = parts
    this.#turns = new FetchTurns(parts.clock)
    this.#receiving = new Receiving(parts.blobs)
    new BlobAnswering(parts)
    parts.blobs.onDamaged((id, hash) => {
      if (this.#stop.signal.aborted) return
      parts.log.error({ blobId: id }, 'a blob is damaged on this disk; it is fetched again from a member')
      this.#lose(id, hash)
      this.#restoreSoon(id)
    })
    parts.network.on('peer:connect', () => {
      for (const id of this.#lost.keys()) this.#restoreSoon(id)
    })
  }

  /** Goes on with what was damaged before the start: contexts refer to it, so it was whole once. */
  async resume(): Promise<void> {
    const { blobs, references } = this.#parts
    for (const id of await blobs.partials()) {
      if ((await references.of(id)).length > 0) this.#lose(id, undefined)
    }
  }

  /** Wrong chunks and manifests that peers have sent since the start. */
  get lies(): number {
    return this.#lies
  }

  /** An application of the namespace. Throws SYNC_NO_PEER, and BlobError for our own disk. */
  async fetchOfNamespace(id: NamespaceId, address: BlobId, options: Cancel = {}): Promise<void> {
    if (this.#parts.blobs.resolve(address) === undefined) await this.#once({ t: 'namespace', id }, address, options)
  }

  /** What a context refers to. From then on this node serves it to members, too. Resolves with the blob's id. */
  async fetchOfContext(id: ContextId, address: BlobId, options: Cancel = {}): Promise<BlobId> {
    const { blobs, references, directory, network } = this.#parts
    const here = blobs.resolve(address)
    // It may be here for another context; only a member makes it one of this context's.
    const isSettled =
      here !== undefined && (references.holds(id, here) || !directory.mayRead(id, publicKeyOfPeer(network.peerId)))
    if (isSettled) return here
    const blobId = here ?? (await this.#once({ t: 'context', id }, address, options)).id
    await references.add(id, blobId)
    this.announce(id, blobId)
    return blobId
  }

  /** Says in the DHT that this node has a blob of the context. Returns at once; nothing depends on its success. */
  announce(contextId: ContextId, blobId: BlobId): void {
    const { network, log } = this.#parts
    log.info({ contextId, blobId }, 'Announced blob')
    const told = network
      .provide(providerKey({ t: 'context', id: contextId }, blobId), { signal: this.#stop.signal })
      .catch((error) => log.debug({ blobId, error: String(error) }, 'blob not announced in the DHT'))
      .then(() => void this.#background.delete(told))
    this.#background.add(told)
  }

  async close(): Promise<void> {
    const reason = new SyncError('SYNC_INCOMPLETE', 'the node is stopping')
    this.#stop.abort(reason)
    this.#turns.close(reason)
    await Promise.allSettled([...this.#fetches.values(), ...this.#background])
  }

  #lose(id: BlobId, hash: BlobId | undefined): void {
    const [oldest] = this.#lost.keys()
    if (this.#lost.size >= BLOBS_LOST_MAX && oldest !== undefined) this.#lost.delete(oldest)
    this.#lost.set(id, { hash, isTold: false, isAsked: false, isAgain: false })
  }

  #restoreSoon(id: BlobId): void {
    const lost = this.#lost.get(id)
    if (this.#stop.signal.aborted || !lost) return
    lost.isAgain = lost.isAsked
    if (lost.isAsked) return
    lost.isAsked = true
    const restored = this.#restore(id, lost).then(() => {
      this.#background.delete(restored)
      lost.isAsked = false
      if (this.#parts.blobs.resolve(id) !== undefined) this.#lost.delete(id)
      else if (lost.isAgain) this.#restoreSoon(id)
    })
    this.#background.add(restored)
  }

  /** Its good chunks are here: the others come from members of whatever refers to it. Namespaces name code by its hash. */
  async #restore(blobId: BlobId, lost: Lost): Promise<void> {
    const { hash } = lost
    const { directory, references, log, blobs } = this.#parts
    if (blobs.resolve(blobId) !== undefined) return
    const wishes: [BlobScope, BlobId][] = []
    for (const address of hash === undefined ? [blobId] : [hash, blobId]) {
      for (const id of directory.namespacesNaming(address)) wishes.push([{ t: 'namespace', id }, address])
    }
    try {
      for (const id of await references.of(blobId)) wishes.push([{ t: 'context', id }, blobId])
      for (const [scope, address] of wishes) {
        const found = await this.#once(scope, address, {}).catch((error) => {
          log.debug({ blobId, error: String(error) }, 'a damaged blob did not come again from there')
          return undefined
        })
        if (found) return
      }
    } catch (error) {
      log.debug({ blobId, error: String(error) }, 'it is not known what refers to a damaged blob')
    }
    if (this.#stop.signal.aborted || lost.isTold) return
    lost.isTold = true
    log.warn({ blobId }, 'a damaged blob did not come again; it is asked for when a member connects')
  }

  /** Many wishes for one blob are one fetch. It goes on for the others when one of them gives up. */
  async #once(scope: BlobScope, address: BlobId, { signal }: Cancel): Promise<FetchReport> {
    const key = `${scope.t} ${scope.id} ${address}`
    let fetching = this.#fetches.get(key)
    if (!fetching) {
      const wish: Wish = { scope, address, kept: new Map(), offers: new Map() }
      fetching = this.#turns.run((turn) => this.#fetch(wish, turn)).finally(() => this.#fetches.delete(key))
      fetching.catch(() => {
        // Whoever waits for it hears.
      })
      this.#fetches.set(key, fetching)
    }
    if (!signal) return fetching
    const done = new AbortController()
    try {
      return await Promise.race([fetching, rejectOnAbort(signal, done.signal)])
    } finally {
      done.abort()
    }
  }

  async #fetch(wish: Wish, turn: Turn): Promise<FetchReport> {
    const { network, blobs, log } = this.#parts
    const { scope, address, kept } = wish
    // Another fetch may have brought it while this one waited for its turn.
    const here = blobs.resolve(address)
    if (here !== undefined) return { id: here, fetched: 0, mostHeld: 0 }
    const rank = (peer: PeerId) => kept.get(peer) ?? 0
    const receipt = this.#receiving.begin(address, turn)
    const fetch = new BlobFetch(
      {
        address,
        open: (peer, signal) => BlobSession.open({ network, peer, scope, address, signal }),
        receive: (manifest, from, signal) => receipt.open(manifest, from, signal),
        rank,
        onOffer: (peer, manifest) => {
          checkOffer(wish, peer, manifest)
          receipt.offered(peer, manifest.id)
        },
        onLiar: (peer) => this.#distrust(address, peer),
        log,
      },
      turn.signal,
    )
    const members = () => this.#members(scope).filter((peer) => !this.#liars.has(`${address} ${peer}`))
    turn.wantedAfter = () => Math.min(receipt.wantedAfter, fetch.isWaitedFor(members()) ? turn.looksMax : Infinity)
    turn.signal.addEventListener('abort', () => {
      for (const peer of fetch.owing) kept.set(peer, rank(peer) + 1)
    })
    let report: FetchReport | undefined
    try {
      const inOrder = (peers: PeerId[]) => peers.sort((a, b) => rank(a) - rank(b))
      report = await fetch.from(inOrder(members()))
      report ??= await fetch.from(inOrder(await this.#providers(wish, turn.signal)))
      if (report) {
        log.info({ blobId: report.id, chunks: report.fetched }, 'blob fetched')
        return report
      }
    } finally {
      await fetch.close()
      await receipt.end(report?.id, rank).catch((error) => {
        log.warn({ blobId: address, error: String(error) }, 'what came of another blob stays until it is collected')
      })
    }
    const seen = fetch.failures.length === 0 ? 'no member is connected' : fetch.failures.join('; ')
    log.info({ blobId: address }, 'Blob not found on peer')
    throw new SyncError('SYNC_NO_PEER', `no connected member gave blob ${idBase58(address)}: ${seen}`, {
      data: { failures: fetch.failures },
    })
  }

  /**
   * Connected members: who follows the context first, then who follows its namespace, then the others. Where the log that names
   * the members is not here, whoever follows either.
   */
  #members(scope: BlobScope): PeerId[] {
    const { network } = this.#parts
    const namespace = this.#namespaceOf(scope)
    const followers = [
      ...(scope.t === 'context' ? network.subscribers(topicName({ kind: 'context', id: scope.id })) : []),
      ...(namespace ? network.subscribers(topicName({ kind: 'namespace', id: namespace.id })) : []),
    ]
    if (!namespace) return [...new Set(followers)]
    const peers = new Set([...followers, ...network.peers()])
    return [...peers].filter((peer) => namespace.hasMember(publicKeyOfPeer(peer)))
  }

  #namespaceOf(scope: BlobScope): SyncedNamespace | undefined {
    const { directory } = this.#parts
    return scope.t === 'namespace' ? directory.namespace(scope.id) : directory.namespaceOf(scope.id)
  }

  /** Members, where these are known. Connected by now; who cannot be reached is left out. */
  async #providers({ scope, address }: Wish, signal: AbortSignal): Promise<PeerId[]> {
    const { network, log } = this.#parts
    const namespace = this.#namespaceOf(scope)
    const mayHave = (peer: PeerId) =>
      peer !== network.peerId &&
      !this.#liars.has(`${address} ${peer}`) &&
      (!namespace || namespace.hasMember(publicKeyOfPeer(peer)))
    const found = await network.providers(providerKey(scope, address), { signal }).catch((error) => {
      log.debug({ error: String(error) }, 'no answer from the DHT')
      return []
    })
    const reached: PeerId[] = []
    for (const peer of found.filter(mayHave)) {
      try {
        if (!network.peers().includes(peer)) await network.dial(`/p2p/${peer}`, { signal })
        reached.push(peer)
      } catch (error) {
        log.debug({ peer, error: String(error) }, 'a provider cannot be reached')
      }
    }
    return reached
  }

  #distrust(address: BlobId, peer: PeerId): void {
    this.#lies += 1
    this.#parts.log.warn({ peer, blobId: address }, 'a peer sent wrong bytes for a blob; it is not asked for it again')
    const [oldest] = this.#liars
    if (this.#liars.size >= LIARS_MAX && oldest !== undefined) this.#liars.delete(oldest)
    this.#liars.add(`${address} ${peer}`)
  }
}

/** Throws BLOB_TOO_LARGE for what cannot be code, BLOB_MISMATCH where the peer has sent another manifest before. */
function checkOffer({ scope, offers }: Wish, peer: PeerId, { id, size }: BlobManifest): void {
  if (scope.t === 'namespace' && size > BLOB_WHOLE_BYTES_MAX) throw tooLarge(size, BLOB_WHOLE_BYTES_MAX)
  const before = offers.get(peer) ?? id
  if (before !== id) throw new BlobError('BLOB_MISMATCH', `${peer} has sent two manifests for one address`)
  offers.set(peer, id)
}

/** Only who knows both ids can look it up. */
function providerKey(scope: BlobScope, blobId: BlobId): Bytes {
  return taggedHash('calbox/blob-provider/1', concat([utf8(scope.t), idBytes(scope.id), idBytes(blobId)]))
}

/** Listens until `done`. */
function rejectOnAbort(signal: AbortSignal, done: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: done })
  })
}
