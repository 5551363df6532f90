// A node that somebody at a terminal works on, for the step kinds: it is talked to, and nothing is done to its process.
import { NodeClient } from '../client/node-client.ts'
import { type Credentials, renewTokens } from '../steps/auth/log-in.ts'
import type { NodeHandle, NodeSession } from '../steps/step-kind.ts'
import { TalkedToNode } from '../steps/talked-to-node.ts'

export interface OperatedNodeOptions {
  /** As people call it: a name, else its address. */
  readonly name: string
  readonly url: string
  readonly accessToken?: string | undefined
  readonly refreshToken?: string | undefined
  readonly username?: string | undefined
  /** It runs on this machine and can be given paths of it. */
  readonly hostFiles: boolean
  /** Of requests, until the headers of the reply. */
  readonly timeoutMs?: number | undefined
  /**
   * Around a renewal of tokens that the node refused: `renew` does it with those of the session. Absent: just done.
   * Refresh tokens are good once, so several processes with the same ones have to take turns.
   */
  readonly renewing?: (session: NodeSession, refused: string, renew: () => Promise<boolean>) => Promise<boolean>
  /** Of the command line: used for the first token, and for the next one where a token is refused. */
  readonly credentials?: Credentials | undefined
}

export class OperatedNode extends TalkedToNode implements NodeHandle {
  readonly name: string
  readonly url: string
  readonly client: NodeClient
  readonly session: NodeSession
  readonly hostFiles: boolean

  protected readonly called: string
  readonly #options: OperatedNodeOptions

  constructor(options: OperatedNodeOptions) {
    super()
    this.#options = options
    this.called = `node ${options.name}`
    const { name, url, accessToken, refreshToken, username, credentials, renewing } = options
    this.session = { accessToken, refreshToken, ...(username !== undefined && { username }) }
    this.client = new NodeClient(url, {
      ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
      token: () => this.session.accessToken,
      renew: (refused) => {
        const renew = () => renewTokens(this, refused, credentials && { credentials })
        return renewing === undefined ? renew() : renewing(this.session, refused, renew)
      },
    })
    this.name = name
    this.url = this.client.baseUrl
    this.hostFiles = options.hostFiles
  }

  /** Without a login of its own. */
  withToken(accessToken: string): OperatedNode {
    const { credentials: _, refreshToken: __, ...rest } = this.#options
    return new OperatedNode({ ...rest, accessToken })
  }
}
