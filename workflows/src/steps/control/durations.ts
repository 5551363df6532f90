// Measured times as variables: seconds with 6 decimals, milliseconds with 3, nanoseconds whole.
import { type JsonValue, jsonFloat } from '../../values/json/json-value.ts'

export function durationVariables(prefix: string, durationMs: number): Record<string, JsonValue> {
  return {
    [`${prefix}duration_seconds`]: jsonFloat(round(durationMs / 1000, 6)),
    [`${prefix}duration_ms`]: jsonFloat(round(durationMs, 3)),
    [`${prefix}duration_ns`]: Math.trunc(durationMs * 1_000_000),
  }
}

export function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals))
}
