// Keys of a node that does not run: its first administrator, or another password for one that is locked out.
import type { AdminCredentials } from './admin-credentials.ts'
import { systemClock } from './base/clock.ts'
import { silentLogger } from './base/log.ts'
import { systemRandom } from './base/random.ts'
import { ConfigError, type LoadedConfig } from './config.ts'
import { openNodeAuth, orUsage } from './node-auth.ts'
import { openLevelStore } from './store/level.ts'

/** `reset`: also where there is one. Throws ConfigError, and StoreError STORE_LOCKED while the node runs. */
export async function makeAdmin(
  config: LoadedConfig,
  credentials: AdminCredentials,
  { reset }: { readonly reset: boolean },
): Promise<void> {
  if (config.settings.server.embedded_auth?.storage?.type === 'memory') {
    if (!reset) return
    throw new ConfigError('CONFIG_INVALID', 'embedded_auth.storage.type is memory: keys are made at every start')
  }
  const store = await openLevelStore(config.dataPath)
  try {
    const parts = { store, clock: systemClock, random: systemRandom, log: silentLogger }
    const auth = await openNodeAuth(config, parts, { credentials: reset ? undefined : credentials, isOptional: true })
    if (reset) await orUsage(auth.resetAdmin(credentials))
  } finally {
    await store.close()
  }
}
