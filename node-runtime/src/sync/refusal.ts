// Why a request is not answered: the peer is told, and nothing is wrong here.
import type { RefusalCode } from '../wire/sync-messages.ts'

export class Refusal extends Error {
  readonly code: RefusalCode

  constructor(code: RefusalCode, message: string) {
    super(message)
    this.code = code
  }
}
