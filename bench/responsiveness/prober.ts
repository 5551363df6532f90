// A process of its own, so that what the benchmark does costs the node nothing in these figures: asks a node for its
// health every 5 ms, whether or not earlier answers have come, and tells what each answer took.
import { Agent, get } from 'node:http'

const EVERY_MS = 5
const url = process.argv[2] ?? ''
/** More than can be under way unless the node hangs: a request never waits for a connection. */
const agent = new Agent({ keepAlive: true, maxSockets: 2000 })
const answers: [atMs: number, tookMs: number][] = []
const now = () => performance.timeOrigin + performance.now()

function probe(startedMs: number): void {
  const request = get(url, { agent }, (response) => {
    response.resume()
    response.on('end', () => answers.push([startedMs, now() - startedMs]))
  })
  request.on('error', (error) => {
    // The server closed a connection that had rested, just when it was used again: the probe goes on, and its time too.
    if (request.reusedSocket) return probe(startedMs)
    process.stderr.write(`no answer to a probe: ${error.message}\n`)
    process.exit(1)
  })
}

setInterval(() => probe(now()), EVERY_MS)

process.on('message', () => process.send?.(answers.splice(0)))
process.on('disconnect', () => process.exit())
