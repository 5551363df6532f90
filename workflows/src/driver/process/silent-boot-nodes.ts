// Which of the addresses that a calnode was told of have not answered, as it says itself.
import { PROBE_TIMEOUT_MS, SILENT_SHOWN_MAX } from '../limits.ts'

/** Nothing where it does not tell: it asks for a token, or does not answer. */
export async function silentBootNodes(url: string): Promise<string[]> {
  try {
    const response = await fetch(`${url}/admin-api/network/status`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
    const boot = fieldOf(fieldOf(fieldOf(await response.json(), 'data') ?? {}, 'network'), 'boot')
    const entries: unknown[] = Array.isArray(boot) ? boot : []
    return entries.flatMap((entry) => {
      const [address, state, failures] = ['address', 'state', 'failures'].map((key) => fieldOf(entry, key))
      const isSilent = (state === 'waiting' || state === 'dialling') && typeof failures === 'number' && failures > 0
      return isSilent && typeof address === 'string' ? [address] : []
    })
  } catch {
    // It is only asked to say more about a failure that is known.
    return []
  }
}

export function silentText(addresses: readonly string[]): string {
  const shown = addresses.slice(0, SILENT_SHOWN_MAX).join(', ')
  const left = addresses.length - SILENT_SHOWN_MAX
  return left > 0 ? `${shown} and ${left} more` : shown
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}
