// What is asked of a node that stops, and what is one too many on its connection: nothing is done, and it says so as every
// refusal does.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { httpFailureOf, ServerError } from '../errors.ts'
import { REQUESTS_WAITING_MAX } from '../limits.ts'
import { answerPlainly } from '../routing/plain-answer.ts'
import { RawResponse } from '../routing/raw-response.ts'

const STOPPING = refusal(new ServerError('STOPPING', 'the node is stopping'))
const CROWDED = refusal(
  new ServerError('BUSY', `more than ${REQUESTS_WAITING_MAX} requests wait on this connection; wait for their answers`),
)

type Answered = readonly [parts: { readonly guard?: unknown }, request: IncomingMessage, response: ServerResponse]

export function refuseLate(...[parts, request, response]: Answered): void {
  answerPlainly(parts, request, response, () => STOPPING)
}

/** The last answer of its connection. */
export function refuseCrowded(...[parts, request, response]: Answered): void {
  response.setHeader('connection', 'close')
  answerPlainly(parts, request, response, () => CROWDED)
}

function refusal(error: ServerError): RawResponse {
  const { status, message } = httpFailureOf(error)
  return new RawResponse(status, JSON.stringify({ error: message }), { 'retry-after': '1' })
}
