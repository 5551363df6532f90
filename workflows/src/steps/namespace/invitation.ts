// Invitations as files hand them on: a map, JSON text of one, or one wrapped in replies that carried it.
import { Type } from '@calbox/schemas'
import { hasKey, isJsonObject, type JsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { tryParseLosslessJson } from '../../values/json/lossless-json.ts'
import { shortened } from '../../values/shortened.ts'
import { shownText } from '../../values/shown-value.ts'
import { StepError } from '../step-error.ts'

export interface SignedInvitation {
  readonly invitation: JsonObject
  /** Stands beside the invitation in some replies. */
  readonly groupName?: string
}

export function invitationField(description: string) {
  return Type.Union([Type.String(), Type.Record(Type.String(), Type.Unknown())], { description })
}

/** Unwraps nested `invitation` maps down to the one that carries the signature. */
export function readInvitation(given: JsonValue): SignedInvitation {
  const start = typeof given === 'string' ? tryParseLosslessJson(given) : given
  let current: JsonValue | undefined = start
  let groupName: string | undefined
  while (isJsonObject(current)) {
    if (typeof current.groupName === 'string') groupName = current.groupName
    if (hasKey(current, 'inviter_signature')) {
      return { invitation: current, ...(groupName !== undefined && { groupName }) }
    }
    current = current.invitation
  }
  const seen = shortened(shownText(given), 200)
  // A map is an invitation that any node would refuse, which a file may expect; another text is a mistake of the file.
  const code = isJsonObject(start) ? 'failed' : 'invalid'
  throw new StepError(code, `"invitation" is not a signed invitation (no inviter_signature in it): ${seen}`)
}
