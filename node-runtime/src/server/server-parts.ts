// What the server is given, below everything that it is made of.
import type { Logger } from '../base/log.ts'
import type { AuthService } from './auth/auth-port.ts'
import type { DownloadRules } from './download/download.ts'
import type { AccessGuard, NodeServices } from './ports.ts'

export interface ServerParts {
  readonly node: NodeServices
  readonly log: Logger
  /** Asked before a request that needs a permission is read. Without one everybody who reaches the port may do all. */
  readonly guard?: AccessGuard
  /** Of each address that is listened on; `connectionsThatFit` where nothing is said. */
  readonly connectionsMax?: number
  /** Where applications may be fetched from; the public internet where nothing is said. */
  readonly downloads?: DownloadRules
  /** Keys, logins and tokens: the routes of /auth and /admin. Without it there are none. */
  readonly auth?: AuthService
}
