// For tests: JSON values of every representation.

import fc from 'fast-check'
import { type JsonValue, jsonFloat, jsonInteger, objectOf } from './json-value.ts'

/** Any JsonValue that JSON can carry. */
export const jsonValues: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(jsonInteger),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(jsonFloat),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value')),
    fc
      .array(fc.tuple(fc.oneof(fc.string(), fc.nat().map(String), fc.constant('__proto__')), tie('value')))
      .map(objectOf),
  ),
})).value
