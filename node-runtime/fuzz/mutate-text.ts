// Changes of texts: TOML and JSON.
import { type Bytes, concat } from '../src/base/bytes.ts'
import type { SeededRandom } from '../src/crdt/properties/seeded-random.ts'
import { mutateBytes } from './mutate-bytes.ts'

const WORDS: readonly Bytes[] = [
  '"',
  "'",
  '"""',
  '[',
  ']',
  '[[',
  '{',
  '}',
  '=',
  ':',
  ',',
  '\n',
  '#',
  '.',
  '\\',
  '\\u0000',
  '\\ud800',
  '-',
  '0',
  '1',
  '-0',
  '1e400',
  '1e300',
  '0.5',
  '18446744073709551615',
  '18446744073709551616',
  '9007199254740993',
  '9'.repeat(400),
  'null',
  'true',
  'false',
  'nan',
  'inf',
  '1979-05-27',
  '__proto__',
  'constructor',
  'toString',
  '""',
  '[]',
  '{}',
  '[['.repeat(40),
  '['.repeat(3000),
  '{"a":'.repeat(400),
  '1'.repeat(80),
].map((word) => Buffer.from(word))

export function mutateText(input: Bytes, other: Bytes, random: SeededRandom): Bytes {
  if (random.oneIn(2)) return mutateBytes(input, other, random)
  const at = random.below(input.byteLength + 1)
  const word = random.pick(WORDS)
  if (random.oneIn(2)) return concat([input.subarray(0, at), word, input.subarray(at)])
  // In the place of a value.
  const text = Buffer.from(input).toString('latin1')
  const values = [...text.matchAll(/"[^"\n]*"|[\w.+-]+/g)]
  if (values.length === 0) return word
  const value = random.pick(values)
  const end = value.index + value[0].length
  return concat([input.subarray(0, value.index), random.oneIn(8) ? other : word, input.subarray(end)])
}
