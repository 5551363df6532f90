// Caps of values/. All throw ValuesError('json_limit') unless said otherwise.

/** Nesting of a JSON text or Python literal. Python itself gives up near 1000; a recursive reader needs some bound. */
export const NESTING_MAX = 500

/** Digits of one integer: what Python accepts; beyond, BigInt parsing is quadratic. */
export const INTEGER_DIGITS_MAX = 4300

/** Characters of a text compared or printed in a failure; the rest is cut with a note of the full length. */
export const SHOWN_TEXT_MAX = 2000

/** Keys listed in "available: …" of a failed capture. */
export const SHOWN_KEYS_MAX = 10

/** One search with a pattern of the file, ms: then the statement fails. Nothing else happens in the process meanwhile. */
export const REGEX_MAX_MS = 5000

/** Differences of two values that are listed: after a few, the values themselves say more. */
export const DIFFERENCES_MAX = 5

/** Characters of each side of a listed difference. */
export const SHOWN_DIFFERENCE_MAX = 200
