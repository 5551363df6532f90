// What must hold of every input, and what it says of one.
import { type Bytes, equalBytes } from '../src/base/bytes.ts'
import { CodedError } from '../src/base/errors.ts'
import { GuestFault } from '../src/runtime/call/guest-fault.ts'
import { ALLOCATION_BASE, ALLOCATION_PER_BYTE, STEPS_MAX } from './limits.ts'
import type { Meter } from './meter.ts'
import { OverBudget, Rejected, type Target } from './target.ts'

export type Verdict =
  /** `place` tells apart where in a decoder an input ended: one that ends somewhere new is mutated further. */
  | { readonly kind: 'accepted'; readonly place: string }
  | { readonly kind: 'rejected'; readonly code: string; readonly place: string }
  | { readonly kind: 'failed'; readonly why: string }

// Most inputs end in an error, and most of what that costs is its stack.
Error.stackTraceLimit = 4

const untouched: Record<string, unknown> = {}

export function judge(target: Target, input: Bytes, meter: Meter): Verdict {
  const given = Buffer.from(input)
  let steps = 0
  const work = {
    step() {
      steps += 1
      if (steps > STEPS_MAX) throw new OverBudget(`more than ${STEPS_MAX} steps`)
    },
  }
  meter.take()
  let verdict: Verdict
  try {
    const again = target.run(given, work)
    verdict =
      again === undefined || equalBytes(again, input)
        ? { kind: 'accepted', place: String(Math.min(8, Math.floor(Math.log2(1 + steps)))) }
        : failed('what was decoded encodes to other bytes')
  } catch (error) {
    verdict = judgeError(target, error)
  }
  const asked = meter.take()
  if (verdict.kind === 'failed') return verdict
  const { perByte, base } = target.allocation ?? { perByte: ALLOCATION_PER_BYTE, base: ALLOCATION_BASE }
  const allowed = base + perByte * input.byteLength
  if (asked > allowed) return failed(`over budget: ${asked} bytes asked for, ${allowed} are allowed`)
  if (!equalBytes(input, given)) return failed('the input was changed')
  for (const name in untouched) {
    // Away with it, so that the next input is judged for itself.
    Reflect.deleteProperty(Object.prototype, name)
    return failed(`every object has a property ${JSON.stringify(name)} now`)
  }
  return verdict
}

function judgeError(target: Target, error: unknown): Verdict {
  const code = codeOf(error)
  if (code === undefined || !(error instanceof Error)) return failed(`threw ${shown(error)}`)
  if (!target.codes.includes(code)) return failed(`refused with ${code}, which is none of its codes: ${shown(error)}`)
  return { kind: 'rejected', code, place: placeOf(error) }
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof CodedError || error instanceof Rejected) return error.code
  return error instanceof GuestFault ? error.kind : undefined
}

// Not what the input said: numbers, bytes, quoted texts, and what was seen instead of what was expected.
const FROM_INPUT = /\d+|0x[0-9a-f]+|"(?:[^"\\]|\\.)*"?|[0-9a-f]{8,}|got .*|not JSON: .*|not TOML: .*/gs

/** The message without what differs from input to input; where one of our errors is the cause, that one's, too. */
function placeOf(error: Error): string {
  const own = error.message.replace(FROM_INPUT, '#').slice(0, 200)
  const { cause } = error
  if (cause instanceof CodedError) return `${own} < ${placeOf(cause)}`
  return cause instanceof Error ? `${own} < ${cause.name}` : own
}

function shown(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 6).join('\n') : String(error)
}

function failed(why: string): Verdict {
  return { kind: 'failed', why }
}
