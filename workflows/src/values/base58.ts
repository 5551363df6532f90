// Ids of contexts in their two spellings: base58 in files, replies and reports, hex in the log files of nodes.

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const ID_BYTES = 32

/** Undefined for a text that is not the hex of 32 bytes. */
export function base58OfHex(hex: string): string | undefined {
  if (!/^[0-9a-f]{64}$/i.test(hex)) return undefined
  let number = BigInt(`0x${hex}`)
  let text = ''
  for (; number > 0n; number /= 58n) text = `${ALPHABET[Number(number % 58n)]}${text}`
  // A leading byte of zero is one 1.
  const zeros = /^(?:00)*/.exec(hex)?.[0].length ?? 0
  return '1'.repeat(zeros / 2) + text
}

/** Undefined for a text that is not the base58 of 32 bytes. */
export function hexOfBase58(text: string): string | undefined {
  // 32 bytes have 32 to 44 digits; a longer text would only cost time.
  if (!/^[1-9A-HJ-NP-Za-km-z]{32,44}$/.test(text)) return undefined
  let number = 0n
  for (const digit of text) number = number * 58n + BigInt(ALPHABET.indexOf(digit))
  const hex = number.toString(16).padStart(ID_BYTES * 2, '0')
  return base58OfHex(hex) === text ? hex : undefined
}
