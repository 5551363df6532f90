// Failures of a request to a node. The message is what `expected_error` of a step is matched against, so its texts are
// the ones merobox users know; code and data tell the kinds apart without reading them.

export type ClientErrorCode =
  | 'HTTP' // the node answered with a status other than 2xx
  | 'NETWORK' // no (whole) answer: refused, reset, closed half-way
  | 'TIMEOUT' // no (whole) answer in time
  | 'REPLY' // an answer that is not JSON, or too large
  | 'USAGE' // the request cannot be sent as asked

export interface ClientErrorData {
  readonly method: string
  readonly url: string
  /** HTTP only. */
  readonly status?: number
  /** HTTP only: what the node said, in full. */
  readonly detail?: string
  /** HTTP only: `X-Auth-Error`, where a token was refused for a reason that the node tells. */
  readonly authError?: string
  /** NETWORK: ECONNREFUSED, ECONNRESET, … */
  readonly cause?: string
  /** TIMEOUT: which phase. */
  readonly phase?: 'headers' | 'body'
}

const UNSENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])

export class ClientError extends Error {
  readonly code: ClientErrorCode
  readonly data: ClientErrorData

  constructor(code: ClientErrorCode, message: string, data: ClientErrorData, cause?: unknown) {
    super(`Client error: ${message}`, cause === undefined ? {} : { cause })
    this.name = 'ClientError'
    this.code = code
    this.data = data
  }

  /** A fault between here and the node: nothing is known of what the node did. */
  get isNetworkFault(): boolean {
    return this.code === 'NETWORK' || this.code === 'TIMEOUT'
  }

  /** No connection came about, so the node cannot have seen the request. Anything later may have reached it. */
  get wasNeverSent(): boolean {
    return this.isNetworkFault && this.data.cause !== undefined && UNSENT.has(this.data.cause)
  }

  get status(): number | undefined {
    return this.data.status
  }
}
