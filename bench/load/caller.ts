// A process of its own: asks one address over and over, each of its connections again as soon as it is answered, until
// the time is over. Tells how many answers came, what each took, and what was no answer of the kind that is wanted.
import { Agent, request } from 'node:http'

export interface CallerTask {
  readonly url: string
  readonly connections: number
  readonly forMs: number
  /** A request; `#` in it becomes a number that no other request of this run has. */
  readonly body: string
  /** What each answer has in it. */
  readonly wants: string
}

export interface CallerReport {
  readonly answers: number
  readonly tookMs: number
  readonly latenciesMs: readonly number[]
  /** The first of those that were something else. */
  readonly wrong: readonly string[]
}

const WRONG_MAX = 5

let sent = 0

async function run({ url, connections, forMs, body, wants }: CallerTask): Promise<CallerReport> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const latenciesMs: number[] = []
  const wrong: string[] = []
  const startedMs = performance.now()
  const one = async () => {
    while (performance.now() - startedMs < forMs) {
      sent += 1
      const text = body.replaceAll('#', `${process.pid}-${sent}`)
      const beganMs = performance.now()
      const answer = await ask(url, agent, text)
      latenciesMs.push(performance.now() - beganMs)
      if (!answer.includes(wants) && wrong.length < WRONG_MAX) wrong.push(answer.slice(0, 200))
    }
  }
  await Promise.all(Array.from({ length: connections }, one))
  agent.destroy()
  return { answers: latenciesMs.length, tookMs: performance.now() - startedMs, latenciesMs, wrong }
}

function ask(url: string, agent: Agent, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const sent = request(url, { agent, method: 'POST', headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve(`${response.statusCode} ${text}`))
      response.on('error', reject)
    })
    sent.on('error', (error) => {
      // The server closed a connection that had rested, just when it was used again.
      if (sent.reusedSocket) ask(url, agent, body).then(resolve, reject)
      else reject(error)
    })
    sent.end(body)
  })
}

process.on('message', async (task: CallerTask) => process.send?.(await run(task)))
process.on('disconnect', () => process.exit())
