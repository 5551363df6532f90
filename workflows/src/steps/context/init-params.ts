// `params` of a new context: JSON text in the file, bytes on the wire.
import { tryParseLosslessJson } from '../../values/json/lossless-json.ts'
import { hasPlaceholder } from '../../values/placeholders.ts'
import { StepError } from '../step-error.ts'

export function initParamBytes(params: string | undefined): number[] {
  if (params === undefined) return []
  if (tryParseLosslessJson(params) === undefined) throw new StepError('invalid', `"params" is not JSON: ${params}`)
  return [...new TextEncoder().encode(params)]
}

/** For `checks`: a text with a placeholder is not known yet. */
export function paramProblems(params: unknown) {
  if (typeof params !== 'string' || hasPlaceholder(params) || tryParseLosslessJson(params) !== undefined) return []
  const hint = `write a text such as '{"key": "value"}'`
  return [{ path: ['params'], message: '"params" is not JSON', hint, severity: 'flaw' as const }]
}
