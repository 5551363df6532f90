// Ends a connection on which nothing comes. The library probes each, which makes a living peer send something, and would end those
// whose probe is late: over a slow link it is, behind what was sent before it.
import type { MessageStream } from '@libp2p/interface'
import type { Clock } from '../../base/clock.ts'
import { NetworkError } from '../errors.ts'
import { QUIET_LOOK_MS, QUIET_LOOKS_MAX } from '../limits.ts'

/** Looks, not time: where this machine stands still nothing is read, and that is no silence of the peer. */
export function endWhenQuiet(connection: MessageStream, clock: Clock): void {
  let quiet = 0
  const look = () => {
    quiet += 1
    if (quiet <= QUIET_LOOKS_MAX) {
      cancel = clock.setTimer(look, QUIET_LOOK_MS)
      return
    }
    const silentMs = QUIET_LOOKS_MAX * QUIET_LOOK_MS
    connection.abort(new NetworkError('NOT_CONNECTED', `nothing came from the peer for ${silentMs} ms; it is gone`))
  }
  let cancel = clock.setTimer(look, QUIET_LOOK_MS)
  connection.addEventListener('message', () => {
    quiet = 0
  })
  connection.addEventListener('close', () => cancel())
}
