// A signature that one simulated node has checked is not computed again for the others: the answer is remembered for
// exactly the same key, message and signature, so every node gets the answer it would have computed. Ed25519 is the
// largest single cost of a run, and all nodes of a run are one process. Only the program that runs seeds does this.
import crypto, { type KeyObject } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

const REMEMBERED_MAX = 20_000

/** From now on, in this process or thread. */
export function verifyOnce(): void {
  const compute = crypto.verify
  const keys = new WeakMap<KeyObject, number>()
  const answers = new Map<string, boolean>()
  let lastKey = 0
  const numberOf = (key: KeyObject) => {
    const known = keys.get(key)
    if (known !== undefined) return known
    lastKey += 1
    keys.set(key, lastKey)
    return lastKey
  }
  const remembering = (algorithm: null, message: Buffer, key: KeyObject, signature: Buffer): boolean => {
    const id = `${numberOf(key)} ${text(message)} ${text(signature)}`
    const known = answers.get(id)
    if (known !== undefined) return known
    const answer = compute(algorithm, message, key, signature)
    if (answers.size >= REMEMBERED_MAX) answers.clear()
    answers.set(id, answer)
    return answer
  }
  Object.assign(crypto, { verify: remembering })
  syncBuiltinESMExports()
}

/** With its length, so that no two pairs of texts can be taken for each other. */
function text(bytes: Uint8Array): string {
  return `${bytes.byteLength}:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')}`
}
