// A process of its own: many WebSockets on one context. Counts how often each has seen each event, by the value that the
// call wrote, and how long after the call was sent it came.

export type WatchersTask =
  | { readonly open: number; readonly url: string; readonly contextId: string }
  | { readonly settle: number }
  | 'close'

export interface WatchersReport {
  readonly watching?: number
  readonly seen?: {
    /** Pairs of a watcher and an event, by how often it came there. */
    readonly never: number
    readonly once: number
    readonly more: number
    /** The first of those that have missed one, and why they ended where they did. */
    readonly ended: readonly string[]
    readonly latenciesMs: readonly number[]
  }
}

const OPENING_AT_ONCE = 50
/** Every so manieth delivery is timed. */
const TIMED = 20
/** What came last must have come so long ago before anything counts as lost. */
const QUIET_MS = 5_000

const sockets: WebSocket[] = []
/** Of each watcher, how often each event came. */
let counts: Uint8Array[] = []
const ended: string[] = []
const latenciesMs: number[] = []
let deliveries = 0
let lastMs = 0
let closing = false

const now = () => performance.timeOrigin + performance.now()

/** The same text comes to all: it is read once. */
const known = new Map<string, readonly [index: number, sentMs: number]>()

function eventOf(text: string): readonly [number, number] | undefined {
  const before = known.get(text)
  if (before) return before
  const { id, result } = JSON.parse(text)
  const [event] = id === null && Array.isArray(result?.data?.events) ? result.data.events : []
  if (event === undefined) return undefined
  // `<index>@<sent>` is the value that was set.
  const [, index, sentMs] = /(\d+)@([\d.]+)/.exec(Buffer.from(event.data).toString()) ?? []
  const seen = [Number(index), Number(sentMs)] as const
  known.set(text, seen)
  if (known.size > 100) known.delete(known.keys().next().value ?? '')
  return seen
}

function take(watcher: number, text: string): void {
  const event = eventOf(text)
  if (!event) return
  const [index, sentMs] = event
  const own = counts[watcher]
  if (own) own[index] = (own[index] ?? 0) + 1
  deliveries += 1
  lastMs = now()
  if (deliveries % TIMED === 0) latenciesMs.push(lastMs - sentMs)
}

function openOne(url: string, contextId: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const watcher = sockets.length
    const socket = new WebSocket(url)
    sockets.push(socket)
    counts.push(new Uint8Array(100_000))
    socket.addEventListener('open', () =>
      socket.send(JSON.stringify({ id: 1, method: 'subscribe', params: { contextIds: [contextId] } })),
    )
    socket.addEventListener('message', ({ data }) => {
      const text = String(data)
      if (text.startsWith('{"id":1,')) resolve()
      else take(watcher, text)
    })
    socket.addEventListener('close', ({ code, reason }) => {
      if (!closing) ended.push(`watcher ${watcher}: ${code} ${reason}`)
      reject(new Error(`closed: ${code} ${reason}`))
    })
  })
}

async function open(count: number, url: string, contextId: string): Promise<WatchersReport> {
  closing = false
  for (let done = 0; done < count; done += OPENING_AT_ONCE) {
    const some = Math.min(OPENING_AT_ONCE, count - done)
    await Promise.all(Array.from({ length: some }, () => openOne(url, contextId)))
  }
  return { watching: sockets.length }
}

/** After all `events` have come everywhere, or nothing came for a while. */
async function settle(events: number): Promise<WatchersReport> {
  lastMs = now()
  while (deliveries < events * sockets.length && now() - lastMs < QUIET_MS)
    await new Promise((go) => setTimeout(go, 50))
  const by = [0, 0, 0]
  for (const own of counts) {
    for (let index = 0; index < events; index += 1) {
      const kind = Math.min(own[index] ?? 0, 2)
      by[kind] = (by[kind] ?? 0) + 1
    }
  }
  const [never = 0, once = 0, more = 0] = by
  return { seen: { never, once, more, ended: ended.slice(0, 5), latenciesMs } }
}

async function close(): Promise<WatchersReport> {
  closing = true
  const gone = sockets.map((socket) => new Promise((resolve) => socket.addEventListener('close', resolve)))
  for (const socket of sockets) socket.close()
  await Promise.all(gone)
  sockets.length = 0
  counts = []
  deliveries = 0
  latenciesMs.length = 0
  known.clear()
  return { watching: 0 }
}

process.on('message', async (task: WatchersTask) => {
  if (task === 'close') process.send?.(await close())
  else if ('open' in task) process.send?.(await open(task.open, task.url, task.contextId))
  else process.send?.(await settle(task.settle))
})
process.on('disconnect', () => process.exit())
