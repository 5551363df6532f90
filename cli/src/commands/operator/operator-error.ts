// Failures of operator commands in words: what was tried on which node, what was answered, what to do.
import type { ClientErrorCode, ClientErrorData } from '@calbox/workflows'
import { visibleText } from '@calbox/workflows/visible-text'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { isClientError, isStepError } from './engine-errors.ts'
import { LookUpRefused } from './look-up.ts'
import type { NodeOptions } from './target/node-options.ts'
import type { Target } from './target/open-node.ts'

interface Tried {
  readonly doing: string
  readonly lookup?: string
  readonly elsewhere?: string
  /** How to do without what was looked up in vain. */
  readonly advice?: string
  readonly target: Target
  readonly options: NodeOptions
  readonly edge: CommandEdge
}

/** Anything that is no failure of a request stays as it is: a signal, bad usage, a defect. */
export function operatorError(error: unknown, tried: Tried): unknown {
  if (error instanceof LookUpRefused) {
    const { what, advice, cause } = error
    return operatorError(cause, { ...tried, doing: `${tried.doing} (looking up ${what})`, advice })
  }
  if (isClientError(error)) return clientFailure(error, tried)
  if (!isStepError(error)) return error
  const advice = error.help === undefined ? '' : `; ${error.help}`
  const help = `${advice}${error.field === 'context_id' ? whatThereIs(tried) : ''}`
  // The node was not asked.
  const code = LOCAL_FILES.has(error.field ?? '') ? 'USAGE' : STEP_CODES[error.code]
  return new CommandError(code ?? 'REFUSED', visibleText(`${placed(error.message, tried)}${help}`))
}

const STEP_CODES: Readonly<Record<string, 'USAGE' | 'NO_ANSWER' | 'REFUSED'>> = {
  invalid: 'USAGE',
  unsupported: 'USAGE',
  timeout: 'NO_ANSWER',
}

/** Fields of steps that name a file of this machine. */
const LOCAL_FILES: ReadonlySet<string> = new Set(['path', 'file_path'])

/** A node closes so what its token does not carry any more. */
const POLICY_VIOLATION = /closed with code 1008 \((\w+)\)/

function clientFailure(
  { code, data, message }: { readonly code: ClientErrorCode; readonly data: ClientErrorData; readonly message: string },
  tried: Tried,
): CommandError {
  // The node is anybody's: what it says is shown, never obeyed by the terminal.
  const cause = visibleText(data.cause ?? 'the connection broke')
  const detail = visibleText(data.detail ?? '')
  const { status, authError } = data
  switch (code) {
    case 'HTTP': {
      if ((status === 404 || status === 405) && new URL(data.url).pathname.endsWith(LOGIN_ROUTE)) {
        return new CommandError('REFUSED', `${at(tried)}: ${NO_LOGIN}`)
      }
      const why = authError === undefined ? '' : ` (${authError})`
      const said = detail === '' ? '' : `: ${detail.slice(0, SAID_MAX_CHARS)}`
      return new CommandError(
        'REFUSED',
        `${at(tried)}: the node answered HTTP ${status}${why}${said}${remedy({ status, authError, detail }, tried)}`,
      )
    }
    case 'NETWORK': {
      const [, reason] = POLICY_VIOLATION.exec(message) ?? []
      if (reason !== undefined) {
        return new CommandError(
          'UNREACHABLE',
          `${at(tried)}: the node ended it (${reason})${remedy({ status: 401, authError: reason }, tried)}`,
        )
      }
      return new CommandError('UNREACHABLE', `${at(tried)}: the node does not answer (${cause}); ${whereToLook(tried)}`)
    }
    case 'TIMEOUT': {
      const limit = tried.options.timeout === undefined ? '' : ` within ${tried.options.timeout} s`
      return new CommandError(
        'NO_ANSWER',
        `${at(tried)}: no answer${limit} (--timeout waits longer); ${whereToLook(tried)}`,
      )
    }
    default:
      return new CommandError(
        'REFUSED',
        `${at(tried)}: ${detail === '' ? 'the answer is none of a node' : detail}; is this the address of a node?`,
      )
  }
}

const LOGIN_ROUTE = '/auth/token'

const NO_LOGIN =
  'this node asks nobody to log in (auth_mode: proxy, where commands work without a login), or the address is none of a node'

/** Of what a node says; the whole of it can be a page. */
const SAID_MAX_CHARS = 600

function at({ doing, target }: Tried): string {
  return target.name === target.url ? `${doing} on ${target.url}` : `${doing} on ${target.name} (${target.url})`
}

/** Most failures of steps say what was tried on which node themselves. */
function placed(message: string, tried: Tried): string {
  const { name, url } = tried.target
  const on = ` on ${name}`
  if (!message.includes(on)) return `${at(tried)}: ${message}`
  return name === url ? message : message.replace(on, `${on} (${url})`)
}

function whereToLook({ target }: Tried): string {
  return target.name === target.url
    ? 'is the address right, and does the node run?'
    : '`calbox ps` shows what runs here'
}

function remedy({ status, authError, detail = '' }: Refusal, tried: Tried): string {
  const { options, target, edge, advice } = tried
  const login = `\`calbox login --node ${target.name}\``
  const isGiven = options.token !== undefined || (options.username === undefined && Boolean(edge.env.CALBOX_TOKEN))
  if (status === 401) {
    if (options.username !== undefined) return /password/i.test(detail) ? '' : '; name or password is wrong'
    if (!isGiven) return `; log in with ${login}`
    return authError === 'token_expired'
      ? '; the token that was given has expired'
      : '; the token that was given is not good'
  }
  if (status === 403) {
    if (authError === 'token_revoked') return `; the login or its key was ended; log in again with ${login}`
    if (authError === 'invalid_node') return `; the token was made for another address; ${login} makes one for this one`
    const without = advice === undefined ? '' : `; ${advice}`
    return `${without}; ${login} as somebody who may`
  }
  if (status === 404) return whatThereIs(tried)
  if (status === 429) return '; wait a minute, and try again'
  if (status === 503) return '; try again in a moment, `calbox health` says what is missing'
  return ''
}

function whatThereIs({ lookup, elsewhere }: Tried): string {
  const shows = lookup === undefined ? '' : `; \`${lookup}\` shows what there is`
  return elsewhere === undefined ? shows : `${shows}; ${elsewhere}`
}

interface Refusal {
  readonly status: number | undefined
  readonly authError?: string | undefined
  readonly detail?: string
}
