// Whether 32 bytes decode to a point of edwards25519 (RFC 8032 §5.1.3). OpenSSL reports a bad key and a bad signature
// alike, but guests must see a trap for the one and a 0 for the other.
import type { Bytes } from '../../base/bytes.ts'

const P = 2n ** 255n - 19n
const D = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n
const SIGN_BIT = 1n << 255n

export function isEd25519Point(key: Bytes): boolean {
  let encoded = 0n
  for (const [index, byte] of key.entries()) encoded |= BigInt(byte) << BigInt(8 * index)
  const y = (encoded & ~SIGN_BIT) % P
  // x² = (y² - 1) / (d·y² + 1): a point exists where that is a square. The quotient and the product of two numbers are
  // squares together, so no inversion is needed.
  const numerator = (y * y - 1n + P) % P
  const denominator = (D * y * y + 1n) % P
  const candidate = (numerator * denominator) % P
  if (candidate === 0n) return true
  return power(candidate, (P - 1n) / 2n) === 1n
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = base
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % P
    square = (square * square) % P
  }
  return result
}
