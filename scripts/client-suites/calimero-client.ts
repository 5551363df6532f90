// `@calimero-network/calimero-client` 1.1.0, the one version that the registry has, as a program in a browser uses it: a
// person logs in, a context is made, called and watched. What a browser would provide is provided here: the address bar,
// its storage, and React's hooks, run once.
import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { runInNewContext } from 'node:vm'
import { build } from 'esbuild'
import { ADMIN, type SuiteNode } from './nodes.ts'
import type { Row, SuiteResult } from './page.ts'

const PACKAGE = '@calimero-network/calimero-client'
const VERSION = '1.1.0'
const APP = path.resolve(import.meta.dirname, '../../apps/kv-store/build/kv-store.wasm')
const BACK = 'http://localhost:5173/'
/** Its own default is a second, which a loaded machine may need. */
const CALL = { timeout: 30_000 }
const EVENT_MS = 30_000

interface Answer {
  readonly data?: unknown
  readonly result?: { readonly output?: unknown } | null
  readonly error?: { readonly code?: number; readonly error?: { readonly name?: string } } | null
}

type Hooks = Readonly<Record<string, (...args: never[]) => unknown>>

interface NodeEvent {
  readonly contextId?: string
  readonly type?: string
  readonly data?: { readonly newRoot?: string }
}

interface Client {
  readonly React: {
    readonly __SECRET_INTERNALS_DO_NOT_USE_OR_YOU_WILL_BE_FIRED: { ReactCurrentDispatcher: { current: Hooks | null } }
  }
  readonly axios: { readonly defaults: { readonly headers: { readonly common: Record<string, string> } } }
  readonly apiClient: { node(): { health(request: { url: string }): Promise<Answer> } }
  readonly AxiosHttpClient: new (axios: Client['axios']) => unknown
  readonly ContractApiDataSource: new (client: unknown) => Record<string, (id?: string) => Promise<Answer>>
  readonly ClientLogin: (props: Readonly<Record<string, () => string | undefined>>) => unknown
  readonly JsonRpcClient: new (
    base: string,
    path: string,
  ) => Readonly<Record<'execute' | 'query' | 'mutate', (params: object, config: object) => Promise<Answer>>>
  readonly WsSubscriptionsClient: new (
    base: string,
    path: string,
  ) => {
    connect(): Promise<void>
    disconnect(): void
    subscribe(ids: readonly string[]): void
    unsubscribe(ids: readonly string[]): void
    addCallback(callback: (event: NodeEvent) => void): void
  }
  readonly getAccessToken: () => string | null
  readonly getRefreshToken: () => string | null
  readonly getNewJwtToken: (how: { refreshToken: string | null; getNodeUrl: () => string }) => Promise<Answer>
}

const ENTRY = `
export * from '${PACKAGE}/lib/index.js'
export { default as apiClient } from '${PACKAGE}/lib/api/index.js'
export { AxiosHttpClient } from '${PACKAGE}/lib/api/httpClient.js'
export { ContractApiDataSource } from '${PACKAGE}/lib/api/dataSource/ContractApiDataSource.js'
export { default as React } from 'react'
export { default as axios } from 'axios'
`

export async function runCalimeroClient({ url }: SuiteNode, folder: string): Promise<SuiteResult> {
  const rows: Row[] = []
  const client = await load(folder)
  const window = { location: { href: BACK, search: '' }, localStorage: storage() }
  Object.assign(globalThis, { window, localStorage: window.localStorage })
  const check = async (test: string, work: () => Promise<unknown>) => {
    try {
      const seen = await work()
      rows.push(seen === true ? row(test, 'passed') : row(test, 'failed', `saw ${JSON.stringify(seen)}`))
    } catch (error) {
      rows.push(row(test, 'failed', error instanceof Error ? error.message : String(error)))
    }
  }
  const page = { client, window, url }
  await check('health is told', async () => {
    const { data } = await client.apiClient.node().health({ url })
    return same(data, { status: 'alive' })
  })
  await check('the button of ClientLogin leads to a page where a person logs in', async () => {
    pressLogin(page)
    window.location.href = await loggedIn(window.location.href)
    return window.location.href.startsWith(BACK)
  })
  await check('ClientLogin takes the tokens from the address and keeps them', async () => {
    window.location.search = new URL(window.location.href).search
    return signIn(page) && client.getAccessToken() !== null && client.getRefreshToken() !== null
  })
  const token = () => client.getAccessToken() ?? ''
  const made = await context(url, token()).catch((error: unknown) => String(error))
  await check('a context is made with the token', async () => typeof made === 'object' || made)
  const { contextId, memberPublicKey } = typeof made === 'object' ? made : { contextId: '', memberPublicKey: '' }
  const config = () => ({ ...CALL, headers: { Authorization: `Bearer ${token()}` } })
  const params = (method: string, argsJson: object) => ({
    contextId,
    method,
    argsJson,
    executorPublicKey: memberPublicKey,
  })
  const rpc = new client.JsonRpcClient(url, '/jsonrpc')
  await check('mutate, query and execute give what the method returned', async () => {
    await rpc.mutate(params('set', { key: 'a', value: 'b' }), config())
    const [query, execute] = [
      await rpc.query(params('get', { key: 'a' }), config()),
      await rpc.execute(params('get', { key: 'none' }), config()),
    ]
    return same([query, execute], [{ result: { output: 'b' } }, { result: { output: null } }])
  })
  await check('a method that is not there is a FunctionCallError', async () => {
    const { error } = await rpc.execute(params('nothing', {}), config())
    return same([error?.code, error?.error?.name], [400, 'FunctionCallError'])
  })
  await check('without a token nothing is called', async () => {
    const { result, error } = await rpc.execute(params('get', { key: 'a' }), CALL)
    return result === undefined && same(error?.error?.name, 'UnknownServerError')
  })
  await check('a subscription brings what is changed, and nothing once it has ended', async () => {
    const socket = new client.WsSubscriptionsClient(url.replace('http', 'ws'), `/ws?token=${token()}`)
    await socket.connect()
    const seen: NodeEvent[] = []
    const first = Promise.withResolvers<void>()
    socket.addCallback((event) => {
      seen.push(event)
      first.resolve()
    })
    socket.subscribe([contextId])
    // Answered in order: what is asked by the same socket afterwards comes after the subscription.
    await call(url, token(), 'GET', '/admin-api/contexts')
    await rpc.mutate(params('set', { key: 'c', value: 'd' }), config())
    await within(first.promise, 'no event came')
    socket.unsubscribe([contextId])
    await call(url, token(), 'GET', '/admin-api/contexts')
    await rpc.mutate(params('set', { key: 'e', value: 'f' }), config())
    socket.disconnect()
    const [event] = seen
    return same(
      [seen.length, event?.contextId, event?.type, typeof event?.data?.newRoot],
      [1, contextId, 'StateMutation', 'string'],
    )
  })
  await check('tokens are renewed, and the new ones are kept', async () => {
    const before = token()
    const { error } = await client.getNewJwtToken({ refreshToken: client.getRefreshToken(), getNodeUrl: () => url })
    if (error) return error
    const { result } = await rpc.query(params('get', { key: 'a' }), config())
    return token() !== before && same(result, { output: 'b' })
  })
  await check('proposals and members of a context are told', async () => {
    client.axios.defaults.headers.common.Authorization = `Bearer ${token()}`
    const data = Object.assign(new client.ContractApiDataSource(new client.AxiosHttpClient(client.axios)), {
      endpoint: url,
      contextId,
    })
    const asked = ['getContractProposals', 'getNumberOfActiveProposals', 'getContextDetails', 'getContextMembers']
    const failed: object[] = []
    for (const name of [...asked, 'getContextMembersCount']) {
      const { error } = (await data[name]?.()) ?? { error: {} }
      if (error) failed.push({ [name]: error })
    }
    return failed.length === 0 || failed
  })
  return { rows, notes: [] }
}

async function load(folder: string): Promise<Client> {
  const home = path.join(folder, 'calimero-client')
  await mkdir(home, { recursive: true })
  await writeFile(path.join(home, 'package.json'), '{ "private": true }')
  await writeFile(path.join(home, 'entry.js'), ENTRY)
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${PACKAGE}@${VERSION}`]
  const { status } = spawnSync('npm', args, { cwd: home, stdio: 'inherit' })
  if (status !== 0) throw new Error(`npm could not install ${PACKAGE}@${VERSION}`)
  const outfile = path.join(home, 'client.mjs')
  // Its modules name each other without extensions, which only bundlers follow.
  await build({
    entryPoints: [path.join(home, 'entry.js')],
    bundle: true,
    outfile,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  })
  return (await import(pathToFileURL(outfile).href)) as Client
}

interface Page {
  readonly client: Client
  readonly window: { readonly location: { href: string; search: string } }
  readonly url: string
}

/** The component, run once, with its effects. Gives the tree of elements. */
function render({ client, url }: Page, signedIn: () => void): unknown {
  const dispatcher = client.React.__SECRET_INTERNALS_DO_NOT_USE_OR_YOU_WILL_BE_FIRED.ReactCurrentDispatcher
  const hooks = {
    useState: (value: unknown) => [value, () => undefined],
    useEffect: (effect: () => void) => effect(),
  }
  dispatcher.current = hooks
  try {
    return client.ClientLogin({
      getApplicationId: () => 'any',
      getNodeUrl: () => url,
      sucessRedirect: () => {
        signedIn()
        return undefined
      },
    })
  } finally {
    dispatcher.current = null
  }
}

function pressLogin(page: Page): void {
  const find = (element: unknown): (() => void) | undefined => {
    if (Array.isArray(element)) return element.map(find).find((each) => each !== undefined)
    if (typeof element !== 'object' || element === null || !('props' in element)) return undefined
    const { onClick, children } = element.props as { onClick?: () => void; children?: unknown }
    return onClick ?? find(children)
  }
  const press = find(render(page, () => undefined))
  if (!press) throw new Error('ClientLogin shows no button')
  press()
}

function signIn(page: Page): boolean {
  let isSignedIn = false
  render(page, () => {
    isSignedIn = true
  })
  return isSignedIn
}

/** What a browser and a person do: follow the page, run its script, fill in the form. Gives where that ends. */
async function loggedIn(address: string): Promise<string> {
  const shown = await text(address)
  const [, next = ''] = /http-equiv="refresh" content="0;url=([^"]+)"/.exec(shown) ?? []
  const location = new URL(next.replaceAll('&amp;', '&'), address)
  const [, script = ''] = /<script src="([^"]+)">/.exec(await text(location.href)) ?? []
  const arrived = Promise.withResolvers<string>()
  let submit: ((event: object) => unknown) | undefined
  const element = () => ({
    append: () => undefined,
    set textContent(said: string) {
      if (said !== '') arrived.reject(new Error(`the login page says: ${said}`))
    },
    addEventListener: (_: string, listener: typeof submit) => {
      submit = listener
    },
  })
  runInNewContext(await text(new URL(script, location).href), {
    document: { getElementById: element, createElement: () => ({}) },
    location: Object.assign(location, { assign: (to: URL) => arrived.resolve(String(to)) }),
    FormData: class {
      get(field: 'username' | 'password'): string {
        return ADMIN[field]
      }
    },
    fetch: (to: string, how: RequestInit) => fetch(new URL(to, location), how),
    URL,
    URLSearchParams,
  })
  if (!submit) throw new Error(`${location.href} shows no form`)
  await submit({ preventDefault: () => undefined, target: undefined })
  return arrived.promise
}

async function text(url: string): Promise<string> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return response.text()
}

/** The client has no call for this: programs of its time did it by the node's HTTP API. */
async function context(url: string, token: string): Promise<{ contextId: string; memberPublicKey: string }> {
  const { applicationId } = await call(url, token, 'POST', '/admin-api/install-dev-application', {
    path: APP,
    metadata: [],
  })
  const body = { applicationId, protocol: 'near', initializationParams: [] }
  const { contextId = '', memberPublicKey = '' } = await call(url, token, 'POST', '/admin-api/contexts', body)
  return { contextId, memberPublicKey }
}

async function call(
  url: string,
  token: string,
  ...[method, route, body]: [string, string, object?]
): Promise<Record<string, string>> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const response = await fetch(`${url}${route}`, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  const answer = (await response.json()) as { data?: Record<string, string>; error?: string }
  if (!response.ok) throw new Error(`${method} ${route} answered ${response.status}: ${answer.error}`)
  return answer.data ?? {}
}

function storage(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  const kept = new Map<string, string>()
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  }
}

function within(work: Promise<void>, otherwise: string): Promise<void> {
  const timeout = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(otherwise)), EVENT_MS).unref()
  })
  return Promise.race([work, timeout])
}

/** True, or what was seen. */
function same(seen: unknown, wanted: unknown): unknown {
  return JSON.stringify(seen) === JSON.stringify(wanted) ? true : seen
}

function row(test: string, result: 'passed' | 'failed', why?: string): Row {
  return { file: `${PACKAGE} ${VERSION}`, test, result, ...(why === undefined ? {} : { why }) }
}
