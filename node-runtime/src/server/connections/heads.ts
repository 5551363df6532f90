// Heads of requests that are refused whatever is asked. Node would answer them itself, without a word.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ServerError } from '../errors.ts'
import { HEADER_SHOWN_MAX } from '../limits.ts'
import { answerPlainly } from '../routing/plain-answer.ts'

const CONTINUE = '100-continue'
const HOST = 'host'

/** Answers what has no Host, or expects what nobody here does. False for anything else. */
export function refuseHead(
  parts: { readonly guard?: unknown },
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const refusal = refusalOf(request)
  if (refusal === undefined) return false
  // Its body is not read.
  response.setHeader('connection', 'close')
  answerPlainly(parts, request, response, () => {
    throw refusal
  })
  return true
}

function refusalOf({ headers: { host, expect }, rawHeaders, httpVersionMajor, httpVersionMinor }: IncomingMessage) {
  const isOld = httpVersionMajor === 1 && httpVersionMinor === 0
  if (host === undefined && !isOld) return new ServerError('BAD_REQUEST', 'the request has no Host header')
  if (hostsIn(rawHeaders) > 1) return new ServerError('BAD_REQUEST', 'the request has more than one Host header')
  // HTTP/1.0 has none.
  if (expect === undefined || isOld || expect.toLowerCase() === CONTINUE) return undefined
  const shown = JSON.stringify(expect.slice(0, HEADER_SHOWN_MAX))
  return new ServerError('EXPECTATION_UNKNOWN', `the request expects ${shown}; this node knows ${CONTINUE} only`)
}

/** Names and values take turns. Of several Node keeps the first, and what stands before it may have kept another. */
function hostsIn(rawHeaders: readonly string[]): number {
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === HOST.length && name.toLowerCase() === HOST) hosts += 1
  }
  return hosts
}
