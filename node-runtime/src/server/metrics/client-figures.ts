// Who is connected, who was cut off for not reading, and how logins ended. Sums: no client is told apart.
import type { Figure } from './figure.ts'

export interface StreamCounts {
  readonly sockets: number
  readonly events: number
  readonly tooSlow: number
}

export function streamFigures({ sockets, events, tooSlow }: StreamCounts): Figure[] {
  return [
    { name: 'calnode_websocket_clients', help: 'WebSockets that are open', value: sockets },
    { name: 'calnode_sse_clients', help: 'Streams of server-sent events that somebody reads', value: events },
    {
      name: 'calnode_slow_clients_dropped_total',
      help: 'Clients of streams that did not read and were cut off',
      value: tooSlow,
      isCount: true,
    },
  ]
}

export interface LoginCounts {
  readonly succeeded: number
  readonly failed: number
  readonly limited: number
}

export function loginFigures({ succeeded, failed, limited }: LoginCounts): Figure[] {
  const count = (name: string, help: string, value: number): Figure => ({ name, help, value, isCount: true })
  return [
    count('calnode_logins_succeeded_total', 'Logins', succeeded),
    count('calnode_logins_failed_total', 'Logins with credentials that are not good', failed),
    count('calnode_logins_limited_total', 'Logins that were refused unread after too many failures', limited),
  ]
}
