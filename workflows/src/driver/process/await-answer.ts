// Waits until a node answers 200 on a health route. The end of its process decides the race at once, and every failure
// comes with the node's last words, which usually hold the reason.
import type { ExitCause, NodeLog, RunningNode, StartOptions } from '../driver.ts'
import { DriverError, type DriverErrorCode } from '../errors.ts'
import { LOG_TAIL_LINES, PROBE_FIRST_MS, PROBE_MAX_MS, READY_TIMEOUT_MS } from '../limits.ts'
import { until } from '../until.ts'
import { describeExit } from './exit-cause.ts'
import { type ProbeResult, probe } from './readiness.ts'
import { silentBootNodes, silentText } from './silent-boot-nodes.ts'

/** With this the node program begins why it ends. */
const LAST_WORDS = 'calnode: '

/** What is waited for, where it is not one of the two routes of calnode. */
export interface Question {
  readonly code: DriverErrorCode
  /** Completes "node n1 is not …". */
  readonly state: string
  /** Below `/admin-api/`. */
  readonly route: string
  readonly ask: (url: string, signal: AbortSignal) => Promise<ProbeResult>
}

const QUESTIONS: Readonly<Record<'health' | 'ready', Question>> = {
  health: {
    ...{ code: 'START_TIMEOUT', state: 'healthy', route: 'health' },
    ask: (url, signal) => probe(url, 'health', signal),
  },
  ready: {
    ...{ code: 'MESH_TIMEOUT', state: 'meshed', route: 'ready' },
    ask: (url, signal) => probe(url, 'ready', signal),
  },
}

/** NODE_EXITED, START_TIMEOUT (`health`), MESH_TIMEOUT (`ready`), or `signal.reason`. */
export async function awaitAnswer(
  node: RunningNode,
  log: NodeLog,
  asked: 'health' | 'ready' | Question,
  options: StartOptions,
): Promise<void> {
  const question = typeof asked === 'string' ? QUESTIONS[asked] : asked
  const over = new AbortController()
  const signal = AbortSignal.any([options.signal, over.signal])
  const ended = node.exited.then((cause) => {
    throw endedEarly(node, cause)
  })
  const answered = until({
    probe: async () => {
      const result = await question.ask(node.url, signal)
      return 'done' in result ? { done: undefined } : result
    },
    timeoutMs: options.readyTimeoutMs ?? READY_TIMEOUT_MS,
    firstMs: PROBE_FIRST_MS,
    maxMs: options.pollMs ?? PROBE_MAX_MS,
    signal,
    expired: (waitedMs, seen) => waitedTooLong(node, question, waitedMs, seen),
  })
  try {
    await Promise.race([ended, answered])
  } catch (error) {
    if (!(error instanceof DriverError)) throw error
    throw await withLogTail(node, log, asked === 'ready' ? await withSilent(node, error) : error)
  } finally {
    over.abort()
  }
}

function endedEarly(node: RunningNode, cause: ExitCause): DriverError {
  const exit = describeExit(cause)
  return new DriverError('NODE_EXITED', `node ${node.name} ended while starting: ${exit}`, {
    data: { node: node.name, exit, cause },
  })
}

function waitedTooLong(
  node: RunningNode,
  { code, state, route }: Question,
  waitedMs: number,
  seen: string,
): DriverError {
  const message = `node ${node.name} is not ${state} after ${waitedMs} ms; GET ${node.url}/admin-api/${route} last gave: ${seen}`
  return new DriverError(code, message, { data: { node: node.name, waitedMs, seen } })
}

/** Whoever does not answer it is why it is not ready. */
async function withSilent(node: RunningNode, error: DriverError): Promise<DriverError> {
  const silent = error.code === 'MESH_TIMEOUT' ? await silentBootNodes(node.url) : []
  if (silent.length === 0) return error
  return new DriverError(error.code, `${error.message}; ${silentText(silent)} did not answer`, {
    data: { ...error.data, silent },
  })
}

async function withLogTail(node: RunningNode, log: NodeLog, error: DriverError): Promise<DriverError> {
  // Without a readable log the error itself still stands.
  const logTail = await log.tail(LOG_TAIL_LINES).catch(() => [])
  // What the program itself says of its end is the cause; in the log it would be one long line among others.
  const said = error.code === 'NODE_EXITED' ? logTail.findLast((line) => line.startsWith(LAST_WORDS)) : undefined
  const summary = said === undefined ? error.message : `${error.message}\n${said.slice(LAST_WORDS.length)}`
  const shown = logTail.length === 0 ? 'It wrote nothing.' : logTail.map((line) => `  ${line}`).join('\n')
  const message = `${summary}\nLast lines of ${node.spec.logFile}:\n${shown}`
  return new DriverError(error.code, message, { data: { ...error.data, summary, logTail }, cause: error.cause })
}
