// The reaper: a process beside calbox that ends the nodes of a run when calbox is gone without having said how.
// It reads lines from a pipe that only calbox holds (standard input), so even SIGKILL of calbox ends the pipe.
//
//   {"watch":{"pid":1,"startId":"…"}}   this node dies with calbox
//   {"unwatch":1}                       it has ended, or shall survive
//   {"release":true}                    calbox ends regularly: nothing to do
//
// It imports nothing but the identity check, and ends by itself when nothing remains.
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { isAlive, type ProcessIdentity, signalProcess } from './process-identity.ts'

/** For killed nodes to be gone; longer only where the kernel holds one, and then more waiting helps nobody. */
const GONE_TIMEOUT_MS = 10_000
const GONE_POLL_MS = 50

type Message = { watch?: ProcessIdentity; unwatch?: number; release?: true }

process.title = 'calbox reaper'
// Its work begins when everything else is told to end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

const watched = new Map<number, ProcessIdentity>()
let released = false

for await (const line of createInterface({ input: process.stdin })) {
  const message = parseMessage(line)
  if (message.watch) watched.set(message.watch.pid, message.watch)
  if (message.unwatch !== undefined) watched.delete(message.unwatch)
  if (message.release) {
    released = true
    break
  }
}
if (!released) await reap()
process.exit(0)

async function reap(): Promise<void> {
  for (const node of watched.values()) {
    try {
      // A paused node would hold its ports until somebody continues it.
      if (signalProcess(node, 'SIGCONT', 'group')) signalProcess(node, 'SIGKILL', 'group')
    } catch {
      // Not ours to signal (EPERM): the other nodes still have to end.
    }
  }
  const deadline = performance.now() + GONE_TIMEOUT_MS
  while (performance.now() < deadline && [...watched.values()].some(isAlive)) await delay(GONE_POLL_MS)
}

function parseMessage(line: string): Message {
  try {
    return JSON.parse(line) as Message
  } catch {
    // The last line of a killed writer may be cut off; what it would have said is unknown.
    return {}
  }
}
