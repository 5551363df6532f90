// Signatures, proposals (served for the older apps that import them), and the network call that is disabled.
import { utf8 } from '../../base/bytes.ts'
import { idFromBytes, type PublicKey } from '../../base/ids.ts'
import { verify } from '../../base/keys.ts'
import { checkLimit, GuestFault } from '../call/guest-fault.ts'
import { LIMITS } from '../limits.ts'
import { isEd25519Point } from './ed25519-point.ts'
import { hostFunction } from './host-function.ts'

const PROPOSAL_ID_BYTES = 32

export const outsideFunctions = [
  hostFunction('ed25519_verify', ['id64', 'id', 'bytes'], (_, signature, publicKey, message) => {
    if (verify(idFromBytes<PublicKey>(publicKey), message, signature)) return 1
    if (!isEd25519Point(publicKey)) {
      throw new GuestFault('host_error', 'ed25519_verify was given a public key that does not decode')
    }
    return 0
  }),
  // Disabled in the reference host as well: guests get a failure (1) and a text, never a request.
  hostFunction('fetch', ['text', 'text', 'bytes', 'bytes', 'u64'], (call, _url, _method, _headers, _body, register) => {
    call.registers.set(register, utf8('fetch is disabled: guests cannot reach the network'))
    return 1
  }),
  hostFunction('send_proposal', ['bytes', 'out'], (call, actions, idOut) => {
    if (idOut.length !== PROPOSAL_ID_BYTES) {
      throw new GuestFault('host_error', `send_proposal needs a buffer of 32 bytes, got ${idOut.length}`)
    }
    checkLimit('proposals of a call', call.proposals.length + 1, LIMITS.proposals)
    checkLimit('bytes of a proposal', actions.byteLength, LIMITS.proposalBytes)
    const id = call.random.bytes(PROPOSAL_ID_BYTES)
    call.memory.write(idOut, id)
    call.proposals.push({ id, actions })
    return undefined
  }),
  hostFunction('approve_proposal', ['id'], (call, id) => {
    checkLimit('approvals of a call', call.approvals.length + 1, LIMITS.approvals)
    call.approvals.push(id)
    return undefined
  }),
]
