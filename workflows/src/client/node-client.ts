// The client of one node: a method for each route that more than a single step kind knows, and `exchange` for all others.
// Replies of methods come back with one `data` envelope removed, as lossless JSON (integers beyond 2^53 stay exact). It knows nothing of steps, retries or variables.
import { hasKey, isJsonObject, type JsonObject, type JsonValue } from '../values/json/json-value.ts'
import { ClientError } from './client-error.ts'
import { BLOB_TIMEOUT_MS } from './limits.ts'
import { type NodeSocket, openSocket } from './node-socket.ts'
import { type Method, type RequestOptions, Transport, type TransportOptions } from './transport.ts'

export type CallOptions = RequestOptions

export interface NewContext {
  readonly applicationId: string
  /** A namespace or a subgroup. */
  readonly groupId: string
  /** The bytes of the JSON text of the parameters; default none. */
  readonly initializationParams?: readonly number[]
  readonly serviceName?: string | undefined
  readonly name?: string | undefined
}

export type PackageVersion = {
  readonly package?: string | undefined
  readonly version?: string | undefined
}

export type GroupVisibility = 'open' | 'restricted'

/** Of a list. */
export type Page = { readonly offset: number; readonly limit: number }

/** What a node keeps names of. */
export type AliasKind = 'context' | 'application'

export class NodeClient {
  readonly #transport: Transport
  readonly #options: TransportOptions

  constructor(baseUrl: string, options: TransportOptions = {}) {
    this.#transport = new Transport(baseUrl, options)
    this.#options = options
  }

  /** The same node, asked with this token, which nobody renews. */
  withToken(token: string): NodeClient {
    const { renew: _, ...rest } = this.#options
    return new NodeClient(this.baseUrl, { ...rest, token })
  }

  get baseUrl(): string {
    return this.#transport.baseUrl
  }

  /** Any JSON route, path with its leading slash: the reply as the node wrote it, its envelope included. */
  exchange(
    method: Method,
    path: string,
    options: CallOptions & { readonly body?: JsonValue } = {},
  ): Promise<JsonValue> {
    return this.#transport.json(method, path, options)
  }

  /** The same with one `data` envelope removed. */
  async request(
    method: Method,
    path: string,
    options: CallOptions & { readonly body?: JsonValue } = {},
  ): Promise<JsonValue> {
    const reply = await this.exchange(method, path, options)
    return isJsonObject(reply) && hasKey(reply, 'data') ? (reply.data ?? null) : reply
  }

  /** `/ws`; HTTP errors of the handshake are ClientErrors with their status. */
  async socket(options: CallOptions & { signal: AbortSignal }): Promise<NodeSocket> {
    const token = this.#transport.tokenFor(options)
    try {
      return await openSocket(this.baseUrl, { ...options, token })
    } catch (error) {
      const isRefused = error instanceof ClientError && error.status === 401 && options.token === undefined
      if (!isRefused || token === undefined || !(await this.#transport.renewed(token, options))) throw error
      return openSocket(this.baseUrl, { ...options, token: this.#transport.tokenFor(options) })
    }
  }

  // --- blobs ---

  uploadBlob(bytes: Blob, contextId: string | undefined, options?: CallOptions): Promise<JsonValue> {
    const query = contextId === undefined ? '' : `?context_id=${encodeURIComponent(contextId)}`
    const sent = { timeoutMs: BLOB_TIMEOUT_MS, ...options, bytes }
    return this.#transport.json('PUT', `/admin-api/blobs${query}`, sent)
  }

  listBlobs(options?: CallOptions): Promise<JsonValue> {
    return this.#get('blobs', options)
  }

  /** With a context also from its members, where the blob is not on this node. */
  downloadBlob(
    blob: { readonly id: string; readonly contextId?: string | undefined },
    take: (piece: Uint8Array) => Promise<void>,
    options?: CallOptions,
  ): Promise<void> {
    const query = blob.contextId === undefined ? '' : `?context_id=${encodeURIComponent(blob.contextId)}`
    return this.#transport.download(`/admin-api/${path`blobs/${blob.id}`}${query}`, take, options)
  }

  // --- the node itself ---

  health(options?: CallOptions): Promise<JsonValue> {
    return this.#get('health', options)
  }

  /** HTTP 503 (a ClientError) as long as the node has not reached the peers it was told of. */
  ready(options?: CallOptions): Promise<JsonValue> {
    return this.#get('ready', options)
  }

  identity(options?: CallOptions): Promise<JsonValue> {
    return this.#get('identity', options)
  }

  createContextIdentity(options?: CallOptions): Promise<JsonValue> {
    return this.#post('identity/context', null, options)
  }

  peers(options?: CallOptions): Promise<JsonValue> {
    return this.#get('peers', options)
  }

  /** Addresses, boot list, and each peer with what it is connected by. */
  networkStatus(options?: CallOptions): Promise<JsonValue> {
    return this.#get('network/status', options)
  }

  // --- applications ---

  /** `path` is on the node's own disk. */
  installDevApplication(app: { path: string } & PackageVersion, options?: CallOptions): Promise<JsonValue> {
    return this.#post('install-dev-application', { ...given(app), metadata: [] }, options)
  }

  installApplication(app: { url: string } & PackageVersion, options?: CallOptions): Promise<JsonValue> {
    return this.#post('install-application', { ...given(app), metadata: [] }, options)
  }

  listApplications(options?: CallOptions): Promise<JsonValue> {
    return this.#get('applications', options)
  }

  // --- namespaces ---

  createNamespace(
    namespace: { applicationId: string; appKey?: string | undefined; name?: string | undefined },
    options?: CallOptions,
  ): Promise<JsonValue> {
    return this.#post('namespaces', given(namespace), options)
  }

  /** `expirationTimestamp` is a life time in seconds, despite its name. */
  inviteToNamespace(
    namespaceId: string,
    invite: { recursive?: boolean | undefined; expirationTimestamp?: number | undefined } = {},
    options?: CallOptions,
  ): Promise<JsonValue> {
    return this.#post(path`namespaces/${namespaceId}/invite`, given({ recursive: false, ...invite }), options)
  }

  joinNamespace(
    namespaceId: string,
    join: { invitation: JsonValue; groupName?: string | undefined },
    options?: CallOptions,
  ): Promise<JsonValue> {
    return this.#post(path`namespaces/${namespaceId}/join`, given(join), options)
  }

  createGroupInNamespace(
    namespaceId: string,
    group: { groupName?: string | undefined; visibility?: GroupVisibility | undefined } = {},
    options?: CallOptions,
  ): Promise<JsonValue> {
    return this.#post(path`namespaces/${namespaceId}/groups`, given(group), options)
  }

  // --- groups (a namespace id is a group id, too) ---

  getGroup(groupId: string, options?: CallOptions): Promise<JsonValue> {
    return this.#get(path`groups/${groupId}`, options)
  }

  // --- members of a group ---

  listGroupMembers(groupId: string, page: Page, options?: CallOptions): Promise<JsonValue> {
    return this.#get(`${path`groups/${groupId}/members`}?${query(page)}`, options)
  }

  /** The keys of each member. */
  listMemberDevices(groupId: string, page: Page, options?: CallOptions): Promise<JsonValue> {
    return this.#get(`${path`groups/${groupId}/member-devices`}?${query(page)}`, options)
  }

  // --- contexts ---

  createContext(context: NewContext, options?: CallOptions): Promise<JsonValue> {
    const { initializationParams = [], serviceName, ...rest } = context
    const body = { contextSeed: null, identitySecret: null, name: null, ...given({ ...rest, serviceName }) }
    return this.#post('contexts', { ...body, initializationParams: [...initializationParams] }, options)
  }

  listContexts(options?: CallOptions): Promise<JsonValue> {
    return this.#get('contexts', options)
  }

  /** Of an application, up to `limit`. */
  listContextsOf(applicationId: string, limit: number, options?: CallOptions): Promise<JsonValue> {
    return this.#get(`${path`contexts/for-application/${applicationId}`}?limit=${limit}`, options)
  }

  /** Id of the group that owns it. */
  getContextGroup(contextId: string, options?: CallOptions): Promise<JsonValue> {
    return this.#get(path`contexts/${contextId}/group`, options)
  }

  /** Public keys that this node may call as in a context. */
  listOwnedIdentities(contextId: string, options?: CallOptions): Promise<JsonValue> {
    return this.#get(path`contexts/${contextId}/identities-owned`, options)
  }

  /** How much waits in a context, by what it waits in. */
  getWaiting(contextId: string, options?: CallOptions): Promise<JsonValue> {
    return this.#get(path`contexts/${contextId}/waiting`, options)
  }

  getContext(contextId: string, options?: CallOptions): Promise<JsonValue> {
    return this.#get(path`contexts/${contextId}`, options)
  }

  joinContext(contextId: string, options?: CallOptions): Promise<JsonValue> {
    return this.#post(path`contexts/${contextId}/join`, null, options)
  }

  /** Without an id: every context. */
  syncContext(contextId?: string, options?: CallOptions): Promise<JsonValue> {
    return this.#post(contextId === undefined ? 'contexts/sync' : path`contexts/sync/${contextId}`, null, options)
  }

  // --- aliases: names that a node keeps, and its clients look up ---

  /** `value`: the id, or null. */
  lookUpAlias(kind: AliasKind, name: string, options?: CallOptions): Promise<JsonValue> {
    return this.#post(path`alias/lookup/${kind}/${name}`, null, options)
  }

  /** HTTP 409 where the name is taken. */
  createAlias(kind: AliasKind, alias: string, id: string, options?: CallOptions): Promise<JsonValue> {
    return this.#post(path`alias/create/${kind}`, { alias, [`${kind}Id`]: id }, options)
  }

  /** One that is not there is no failure. */
  deleteAlias(kind: AliasKind, name: string, options?: CallOptions): Promise<JsonValue> {
    return this.#post(path`alias/delete/${kind}/${name}`, null, options)
  }

  /** Name → id. */
  listAliases(kind: AliasKind, options?: CallOptions): Promise<JsonValue> {
    return this.#get(path`alias/list/${kind}`, options)
  }

  // --- JSON-RPC: the whole envelope, `{jsonrpc, id, result}` or `{jsonrpc, id, error}` ---

  /** Calls a method of the application in this context. */
  jsonrpc(contextId: string, method: string, argsJson: JsonValue, options?: CallOptions): Promise<JsonValue> {
    return this.rpc('execute', { contextId, method, argsJson }, options)
  }

  rpc(method: string, params: JsonObject, options?: CallOptions): Promise<JsonValue> {
    const body = { jsonrpc: '2.0', id: '1', method, params }
    return this.#transport.json('POST', '/jsonrpc', { ...options, body })
  }

  #get(route: string, options?: CallOptions): Promise<JsonValue> {
    return this.request('GET', `/admin-api/${route}`, { ...options })
  }

  /** `null` where the route takes no body: other clients of this API send it, too. */
  #post(route: string, body: JsonValue, options?: CallOptions): Promise<JsonValue> {
    return this.request('POST', `/admin-api/${route}`, { ...options, body })
  }
}

/** A path whose values are escaped. */
function path(parts: TemplateStringsArray, ...values: string[]): string {
  return String.raw({ raw: parts }, ...values.map(encodeURIComponent))
}

function query({ offset, limit }: Page): string {
  return `offset=${offset}&limit=${limit}`
}

/** The fields that were given: an absent one is left out instead of being sent as null. */
function given(fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const out: JsonObject = {}
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) out[key] = value
  return out
}
