// What a state says of itself: its version, and by whose code it got there. It is an entry of the state, so whatever takes a
// delta back, cuts a checkpoint or copies a snapshot takes it along, and it is beneath every root.
import { type Bytes, compareBytes } from '../../base/bytes.ts'
import { type ApplicationId, ID_LENGTH, idBytes, idFromBytes } from '../../base/ids.ts'
import { FIRST_STATE_VERSION, STATE_VERSION_KEY, type StateSchema } from '../../runtime/module/state-schema.ts'
import type { StateChange, StateView } from '../../storage/state-view.ts'

export interface StateMark {
  readonly version: number
  /** Absent: nothing was migrated, and the context was made with the first version. */
  readonly applicationId?: ApplicationId
}

const VERSION_BYTES = 4

export function stateMark(state: StateView): StateMark {
  return markIn(state.get(STATE_VERSION_KEY))
}

/** Of the base that a context was made with. */
export function baseMark(rows: { baseEntry(key: Bytes): Bytes | undefined }): StateMark {
  return markIn(rows.baseEntry(STATE_VERSION_KEY))
}

/** Of the entry of a state. */
export function markIn(bytes: Bytes | undefined): StateMark {
  if (bytes === undefined || bytes.byteLength !== VERSION_BYTES + ID_LENGTH) return { version: FIRST_STATE_VERSION }
  const version = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  return { version, applicationId: idFromBytes<ApplicationId>(bytes.slice(VERSION_BYTES)) }
}

export function markChange({ version, applicationId }: Required<StateMark>): StateChange & { readonly value: Bytes } {
  const value = new Uint8Array(VERSION_BYTES + ID_LENGTH)
  new DataView(value.buffer).setUint32(0, version)
  value.set(idBytes(applicationId), VERSION_BYTES)
  return { key: STATE_VERSION_KEY, value }
}

/** What `init` has made, of which version it is: in key order. */
export function markedImage(
  image: readonly (readonly [Bytes, Bytes])[],
  applicationId: ApplicationId,
  program: { readonly state?: StateSchema | undefined } | undefined,
): readonly (readonly [Bytes, Bytes])[] {
  const version = program?.state?.version ?? FIRST_STATE_VERSION
  if (version === FIRST_STATE_VERSION) return image
  const { key, value } = markChange({ version, applicationId })
  return [...image, [key, value] as const].sort(([a], [b]) => compareBytes(a, b))
}
