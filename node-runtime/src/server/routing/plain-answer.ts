// Answers of the server itself, without the API: as the API gives them, to the same callers.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkCaller } from '../access/caller.ts'
import { corsHeaders } from '../access/cors.ts'
import { httpFailureOf } from '../errors.ts'
import { RawResponse } from './raw-response.ts'

/** What `make` throws is answered as a failure. */
export function answerPlainly(
  { guard }: { readonly guard?: unknown },
  { headers }: Pick<IncomingMessage, 'headers'>,
  response: ServerResponse,
  make: () => RawResponse,
): void {
  let answer: RawResponse
  let cors: Record<string, string> = {}
  try {
    // Where tokens are asked for, any page may ask.
    if (!guard) checkCaller(headers)
    cors = corsHeaders(headers)
    answer = make()
  } catch (error) {
    const failure = httpFailureOf(error)
    answer = new RawResponse(failure.status, JSON.stringify({ error: failure.message }))
  }
  response.writeHead(answer.status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(answer.text),
    'x-content-type-options': 'nosniff',
    ...answer.headers,
    ...cors,
  })
  response.end(answer.text)
}
