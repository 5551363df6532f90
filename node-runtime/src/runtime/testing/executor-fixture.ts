// What the tests of the runtime share: one context, its surroundings, and jobs for the guests in `assembly/`.
import { type Bytes, concat, utf8 } from '../../base/bytes.ts'
import { type ContextId, parseHexId } from '../../base/ids.ts'
import { privatePrefix, statePrefix } from '../../store/keys.ts'
import type { Store, StoreOp } from '../../store/store.ts'
import type { GuestEnv, GuestJob, GuestOutcome, StateSource } from '../guest-executor.ts'

export const CONTEXT = parseHexId<ContextId>('c0'.repeat(32))
export const SOURCE: StateSource = { contextId: CONTEXT, generation: 0, staged: [] }
export const ENV: GuestEnv = {
  contextId: new Uint8Array(32).fill(0xc0),
  executorId: new Uint8Array(32).fill(1),
  accountId: new Uint8Array(32).fill(2),
  deviceId: new Uint8Array(32).fill(3),
  timeNs: 1_700_000_000_000_000_000n,
}

export function call(
  method: string,
  input: Bytes | string = '',
  more: { keep?: boolean; env?: GuestEnv } = {},
): GuestJob {
  const bytes = typeof input === 'string' ? utf8(input) : input
  return { kind: 'call', method, input: bytes, env: more.env ?? ENV, keep: more.keep ?? false }
}

export function apply(artifact: Bytes, more: { keep?: boolean; env?: GuestEnv } = {}): GuestJob {
  return { kind: 'apply', artifact, env: more.env ?? ENV, keep: more.keep ?? false }
}

/** The input of the probe's storage methods. */
export function entry(key: Bytes | string, value = ''): Bytes {
  const bytes = typeof key === 'string' ? utf8(key) : key
  return concat([Uint8Array.of(bytes.byteLength), bytes, utf8(value)])
}

export async function commitTo(store: Store, outcome: GuestOutcome): Promise<void> {
  const ops = (prefix: Bytes, changes: GuestOutcome['changes']) =>
    changes.map(({ key, value }): StoreOp => {
      const stored = concat([prefix, key])
      return value ? { type: 'put', key: stored, value } : { type: 'del', key: stored }
    })
  await store.batch([
    ...ops(statePrefix(CONTEXT, 0), outcome.changes),
    ...ops(privatePrefix(CONTEXT), outcome.privateChanges),
  ])
}
