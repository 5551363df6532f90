// Repeats each delta that is signed together with others under a signature that is not its author's: at once, so that some hear
// it before the genuine one.
import type { Delta } from '../../src/wire/delta.ts'

/** Any byte of it. */
const SPOILT_BYTE = 5

export class Spoiling {
  readonly #done = new Set<string>()

  /** What is to be sent now. */
  of(heard: readonly Delta[]): Delta[] {
    // Its own come back to it.
    const fresh = heard.filter(({ id, path }) => path !== undefined && !this.#done.has(id))
    for (const { id } of fresh) this.#done.add(id)
    return fresh.map((delta) => {
      const signature = Uint8Array.from(delta.signature)
      signature[SPOILT_BYTE] = (signature[SPOILT_BYTE] ?? 0) ^ 1
      return { ...delta, signature }
    })
  }
}
