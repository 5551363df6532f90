// Failures as the clients of the reference node know them: `{type, data}` instead of a code and a message.
import { CodedError } from '../../base/errors.ts'
import { type ApplicationId, idBase58, parseHexId } from '../../base/ids.ts'
import { contextIdOf } from '../formats/encodings.ts'

export interface RpcError {
  readonly type: string
  readonly data?: unknown
}

/** Codes of failures as the reference's clients know them. Undefined: a defect of ours. */
export function rpcErrorOf(error: unknown, params: unknown): RpcError | undefined {
  if (!(error instanceof CodedError)) return undefined
  switch (error.code) {
    case 'GUEST_FAILED':
    case 'APPLY_POSTPONED':
    case 'NOT_A_MEMBER':
    case 'NOT_ALLOWED':
    case 'PROPOSAL_NOT_FOUND':
      return { type: 'FunctionCallError', data: error.message }
    case 'CONTEXT_NOT_FOUND':
      return { type: 'ContextNotFound' }
    case 'CONTEXT_UNINITIALIZED':
      return { type: 'Uninitialized' }
    case 'GROUP_KEY_PENDING':
      return { type: 'GroupKeyPending', data: { context_id: contextIn(params) } }
    case 'APPLICATION_NOT_INSTALLED':
      return { type: 'ApplicationNotInstalled', data: { application_id: base58Of(error.data.applicationId) } }
    case 'CODE_LACKING': {
      const application_id = base58Of(error.data.applicationId)
      return { type: 'ApplicationNotInstalled', data: { application_id, message: error.message } }
    }
    case 'ID_INVALID':
      return { type: 'ParseError', data: error.message }
    case 'CONTEXT_BUSY':
    case 'CONTEXT_FAILED':
      return { type: 'InternalError', data: { kind: 'context', message: error.message } }
    case 'STORE_FULL':
    case 'STORE_UNWRITABLE':
      return { type: 'InternalError', data: { kind: 'store', message: error.message } }
    case 'EXECUTOR_BUSY':
    case 'EXECUTOR_CLOSED':
      return { type: 'InternalError', data: { kind: 'runtime', message: error.message } }
    case 'MODULE_INVALID':
    case 'MODULE_TOO_LARGE':
      return { type: 'FunctionCallError', data: error.message }
    default:
      return undefined
  }
}

/** As the client may compare it: in base58, whatever it asked with. */
function contextIn(params: unknown): string | undefined {
  const isNamed = typeof params === 'object' && params !== null && 'contextId' in params
  return isNamed && typeof params.contextId === 'string' ? idBase58(contextIdOf(params.contextId)) : undefined
}

function base58Of(id: unknown): string | undefined {
  return typeof id === 'string' ? idBase58(parseHexId<ApplicationId>(id)) : undefined
}
