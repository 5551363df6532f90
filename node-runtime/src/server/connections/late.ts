// What is asked of a node that stops, on connections old and new: nothing is done, and it says so as every refusal does.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { httpFailureOf, ServerError } from '../errors.ts'
import { answerPlainly } from '../routing/plain-answer.ts'
import { RawResponse } from '../routing/raw-response.ts'

const { status, message } = httpFailureOf(new ServerError('STOPPING', 'the node is stopping'))
const REFUSAL = new RawResponse(status, JSON.stringify({ error: message }), { 'retry-after': '1' })

export function refuseLate(
  parts: { readonly guard?: unknown },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  answerPlainly(parts, request, response, () => REFUSAL)
}
