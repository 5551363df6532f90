// Downloads under way. Each has a file open, and some chunks in memory, for as long as its client likes: however little it
// has sent, and whether it reads or not.
import { ServerError } from '../errors.ts'
import { DOWNLOADS_MAX, DOWNLOADS_PER_KEY_MAX } from '../limits.ts'

export class Downloads {
  #count = 0
  readonly #ofKeys = new Map<string, number>()

  /** One begins; call what is returned once, when it has ended. Throws BUSY where there are too many. */
  begin(keyId: string | undefined): () => void {
    if (this.#count >= DOWNLOADS_MAX) {
      throw new ServerError('BUSY', `${DOWNLOADS_MAX} downloads are under way; try again later`)
    }
    const ofKey = keyId === undefined ? 0 : (this.#ofKeys.get(keyId) ?? 0)
    if (ofKey >= DOWNLOADS_PER_KEY_MAX) {
      throw new ServerError('BUSY', `this key has ${DOWNLOADS_PER_KEY_MAX} downloads under way; try again later`)
    }
    this.#count += 1
    if (keyId !== undefined) this.#ofKeys.set(keyId, ofKey + 1)
    return () => {
      this.#count -= 1
      if (keyId === undefined) return
      const left = (this.#ofKeys.get(keyId) ?? 1) - 1
      if (left > 0) this.#ofKeys.set(keyId, left)
      else this.#ofKeys.delete(keyId)
    }
  }
}
