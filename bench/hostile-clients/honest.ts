// A process of its own: a client that does nothing wrong. Calls a view at a steady pace over connections it keeps, whether
// or not earlier answers have come, and now and then over a new one. Tells what each answer took, and what was none.
import { Agent, request } from 'node:http'

export interface HonestTask {
  readonly url: string
  readonly token: string
  readonly body: string
}

export interface HonestReport {
  readonly samples: readonly (readonly [atMs: number, tookMs: number])[]
  /** When something else came than the answer, and what. */
  readonly failures: readonly (readonly [atMs: number, what: string])[]
  /** Of new connections. */
  readonly fresh: readonly (readonly [atMs: number, tookMs: number])[]
  readonly freshFailures: readonly (readonly [atMs: number, what: string])[]
}

const EVERY_MS = 20
const FRESH_EVERY_MS = 250

const now = () => performance.timeOrigin + performance.now()
const kept = new Agent({ keepAlive: true, maxSockets: 50 })
type Pair<T> = [number, T]
const seen = {
  samples: [] as Pair<number>[],
  failures: [] as Pair<string>[],
  fresh: [] as Pair<number>[],
  freshFailures: [] as Pair<string>[],
}

function ask({ url, token, body }: HonestTask, agent: Agent | false, again = now()): void {
  const [samples, failures] = agent ? [seen.samples, seen.failures] : [seen.fresh, seen.freshFailures]
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const sent = request(url, { agent, method: 'POST', headers }, (response) => {
    let text = ''
    response.on('data', (chunk) => {
      text += chunk
    })
    response.on('end', () => {
      if (text.includes('"output"')) samples.push([again, now() - again])
      else failures.push([again, `${response.statusCode} ${text.slice(0, 100)}`])
    })
  })
  sent.on('error', (error) => {
    // The server closed a connection that had rested, just when it was used again.
    if (sent.reusedSocket) ask({ url, token, body }, agent, again)
    else failures.push([again, String(error)])
  })
  sent.end(body)
}

process.on('message', (task: HonestTask | 'tell') => {
  if (task === 'tell') {
    process.send?.(seen)
    return
  }
  setInterval(() => ask(task, kept), EVERY_MS)
  setInterval(() => ask(task, false), FRESH_EVERY_MS)
})
process.on('disconnect', () => process.exit())
