// What an answer says of who asked.
import type { AuthCaller } from './auth-port.ts'

/** For a proxy in front, and for pages: the key and what it may do. */
export function callerHeaders({ keyId, permissions }: AuthCaller): Record<string, string> {
  return { 'x-auth-user': keyId, 'x-auth-permissions': permissions.join(',') }
}
