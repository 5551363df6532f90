// The reaper: a process beside calbox that ends the nodes of a run when calbox is gone without having said how.
// It reads lines from a pipe that only calbox holds (standard input), so even SIGKILL of calbox ends the pipe.
//
//   {"watch":{"pid":1,"startId":"…"}}   this node dies with calbox; with "wholeGroup":true its group even after itself
//   {"engine":{"address":…,"driverId":"…"}}   all containers of this driver die with calbox
//   {"keepContainer":"…"}               this one does not
//   {"unwatch":1}                       it has ended, or shall survive
//   {"release":true}                    calbox ends regularly: nothing to do
//
// It imports nothing but the identity check, and for containers what removes them when that is needed; it ends by itself
// when nothing remains.
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { EngineAddress } from '../docker/engine/engine-address.ts'
import { isAlive, isRestAlive, type ProcessIdentity, signalProcess, signalRest } from './process-identity.ts'

/** For killed nodes to be gone; longer only where the kernel holds one, and then more waiting helps nobody. */
const GONE_TIMEOUT_MS = 10_000
const GONE_POLL_MS = 50
/** For an engine to answer and to have removed what there is. */
const ENGINE_TIMEOUT_MS = 60_000
const ENGINE_POLL_MS = 1_000

type Engine = { address: EngineAddress; driverId: string }
type Watched = ProcessIdentity & { wholeGroup?: true }
type Message = {
  watch?: Watched
  unwatch?: number
  engine?: Engine
  keepContainer?: string
  release?: true
}

process.title = 'calbox reaper'
// Its work begins when everything else is told to end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

const watched = new Map<number, Watched>()
const engines: Engine[] = []
const keptContainers = new Set<string>()
let released = false

for await (const line of createInterface({ input: process.stdin })) {
  const message = parseMessage(line)
  if (message.watch) watched.set(message.watch.pid, message.watch)
  if (message.unwatch !== undefined) watched.delete(message.unwatch)
  if (message.engine) engines.push(message.engine)
  if (message.keepContainer !== undefined) keptContainers.add(message.keepContainer)
  if (message.release) {
    released = true
    break
  }
}
if (!released) await Promise.all([reap(), reapEngines()])
process.exit(0)

async function reap(): Promise<void> {
  for (const node of watched.values()) {
    try {
      // A paused node would hold its ports until somebody continues it.
      if (signalProcess(node, 'SIGCONT', 'group')) signalProcess(node, 'SIGKILL', 'group')
      else if (node.wholeGroup) signalRest(node.pid, 'SIGKILL')
    } catch {
      // Not ours to signal (EPERM), or gone (ESRCH): the other nodes still have to end.
    }
  }
  const deadline = performance.now() + GONE_TIMEOUT_MS
  const isLeft = (node: Watched) => isAlive(node) || (node.wholeGroup === true && isRestAlive(node.pid))
  while (performance.now() < deadline && [...watched.values()].some(isLeft)) await delay(GONE_POLL_MS)
}

/** An engine that is being restarted is asked again: its containers may live on. */
async function reapEngines(): Promise<void> {
  if (engines.length === 0) return
  const { reapContainers } = await import('../docker/reap.ts')
  const deadline = performance.now() + ENGINE_TIMEOUT_MS
  for (const { address, driverId } of engines) {
    let isDone = false
    while (!isDone && performance.now() < deadline) {
      isDone = await reapContainers(address, driverId, keptContainers).then(
        () => true,
        () => false,
      )
      if (!isDone) await delay(ENGINE_POLL_MS)
    }
  }
}

function parseMessage(line: string): Message {
  try {
    return JSON.parse(line) as Message
  } catch {
    // The last line of a killed writer may be cut off; what it would have said is unknown.
    return {}
  }
}
