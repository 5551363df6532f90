// A node that is only talked to: nothing is started, stopped or cut.
import { ClientError } from '../../client/client-error.ts'
import { isLoopback } from '../../client/loopback.ts'
import { NodeClient } from '../../client/node-client.ts'
import type { PlannedRemoteNode } from '../../plan/plan-types.ts'
import { type Credentials, logIn, renewTokens } from '../../steps/auth/log-in.ts'
import { StepError } from '../../steps/step-error.ts'
import type { NodeHandle, NodeSession } from '../../steps/step-kind.ts'
import { TalkedToNode } from '../../steps/talked-to-node.ts'

export class RemoteHandle extends TalkedToNode implements NodeHandle {
  readonly name: string
  readonly url: string
  readonly client: NodeClient
  readonly session: NodeSession
  /** As far as its address tells: what is refused then says so itself. */
  readonly hostFiles: boolean

  protected readonly called: string
  readonly #remote: PlannedRemoteNode

  constructor(remote: PlannedRemoteNode, like?: { readonly session: NodeSession; readonly client: NodeClient }) {
    super()
    this.#remote = remote
    this.called = `remote node ${remote.name}`
    // Requests cannot be made with such an address, and errors would show it.
    const address = URL.parse(remote.url)
    if (address === null) {
      const message = `remote node ${remote.name}: its url is no address that can be asked`
      throw new StepError('invalid', message, { help: 'write http://HOST:PORT, or https://' })
    }
    if (address.username !== '' || address.password !== '') {
      const message = `remote node ${remote.name}: its url has a user or password in it; write them below auth instead`
      throw new StepError('unsupported', message)
    }
    const accessToken = remote.auth.method === 'api_key' ? remote.auth.apiKey : undefined
    this.session = like?.session ?? { accessToken, refreshToken: undefined }
    const credentials = remote.auth.method === 'password' ? { credentials: remote.auth } : {}
    this.client =
      like?.client ??
      new NodeClient(remote.url, {
        token: () => this.session.accessToken,
        renew: (refused) => renewTokens(this, refused, credentials),
      })
    this.name = remote.name
    this.hostFiles = isLoopback(address.hostname)
    this.url = this.client.baseUrl
  }

  withToken(token: string): RemoteHandle {
    return new RemoteHandle(this.#remote, { session: this.session, client: this.client.withToken(token) })
  }
}

/** With what the file or the command line gives for this node. */
export async function logInRemote(
  handle: RemoteHandle,
  credentials: Credentials,
  options: { signal: AbortSignal },
): Promise<void> {
  try {
    await logIn(handle, credentials, options)
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    const { name, url } = handle
    const message = `logging in on the remote node ${name} (${url}) failed: ${error.message}`
    throw new StepError('failed', message, { node: name, help: remoteHelp(error), cause: error })
  }
}

function remoteHelp({ data }: ClientError): string {
  if (data.status === 401 || data.status === 403) return 'check its name and password, in auth or --remote-auth'
  if (data.status === 404)
    return 'it has no logins: leave out its auth or --remote-auth, or ask whoever runs it for another way'
  return 'check its url, and that it runs'
}
