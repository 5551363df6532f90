// Makes a failing input smaller: parts are cut out, then bytes set to zero, as long as it fails.
import { type Bytes, concat } from '../src/base/bytes.ts'
import { MINIMISE_ATTEMPTS } from './limits.ts'

/** `fails` must be repeatable. */
export function minimise(input: Bytes, fails: (candidate: Bytes) => boolean): Bytes {
  let best = input
  let attempts = MINIMISE_ATTEMPTS
  const isBetter = (candidate: Bytes): boolean => {
    attempts -= 1
    if (attempts < 0 || !fails(candidate)) return false
    best = candidate
    return true
  }
  for (
    let size = Math.ceil(best.byteLength / 2);
    size >= 1 && attempts > 0;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < best.byteLength && attempts > 0; ) {
      if (!isBetter(concat([best.subarray(0, at), best.subarray(at + size)]))) at += size
    }
  }
  for (let at = 0; at < best.byteLength && attempts > 0; at += 1) {
    if (best[at] === 0) continue
    const candidate = Buffer.from(best)
    candidate[at] = 0
    isBetter(candidate)
  }
  return best
}
