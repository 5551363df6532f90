// The id of a root key: of one account there is one key, found without an index.
import { toHex, utf8 } from '../../base/bytes.ts'
import { taggedHash } from '../../base/hash.ts'

/** Pure. 64 hex characters. `method` has no NUL in it. */
export function keyIdOf(method: string, account: string): string {
  return toHex(taggedHash('calbox/auth-key/1', utf8(`${method}\0${account}`)))
}
