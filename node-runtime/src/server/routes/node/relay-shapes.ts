// Relays and direct connections in the status of the network, as clients of the reference node read them: times as RFC 3339.
import type { DirectUpgradeStatus, RelayStatus } from '../../../network/network.ts'

export function relayShape({ peer, state, changedAtMs }: RelayStatus) {
  return { peerId: peer, reservationStatus: state, lastStateChange: timeOf(changedAtMs) }
}

export function directUpgradeShape({
  peer,
  outcome,
  error,
  lastAttemptMs,
  attempts,
  role,
  addresses,
}: DirectUpgradeStatus) {
  return {
    ...{ peerId: peer, status: outcome, lastAttempt: timeOf(lastAttemptMs), attempts, role, addresses },
    ...(error !== undefined && { reason: error }),
  }
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString()
}
