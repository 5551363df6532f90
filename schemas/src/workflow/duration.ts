// A time wherever a workflow file gives one: seconds, or a text with its unit. A field that has its unit in its name is a number.
import { Type } from '../type.ts'

/** Never 0. */
const TEXT = Type.String({
  pattern: '^(?=[0-9.]*[1-9])[0-9]+(\\.[0-9]+)? ?(ms|s|m)$',
  examples: ['500ms', '5s', '2m'],
})

/** `seconds`: what a number may be, and the default; any time above 0 where it is not given. */
export const durationField = (description: string, seconds: DurationSeconds = {}) => {
  const { isWhole = false, default: preset, ...bounds } = seconds
  const limits = bounds.minimum === undefined ? { exclusiveMinimum: 0, ...bounds } : bounds
  return Type.Union([isWhole ? Type.Integer(limits) : Type.Number(limits), TEXT], {
    ...(preset !== undefined && { default: preset }),
    description: `${description}: seconds, or with a unit: 500ms, 5s, 2m.`,
  })
}

export interface DurationSeconds {
  /** Of fields that are whole numbers in the original. */
  readonly isWhole?: boolean
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: number
}
