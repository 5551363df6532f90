// `if` of a step.
import type { PlannedControls } from '../../plan/plan-types.ts'
import { StepError } from '../../steps/step-error.ts'
import { evaluateAssertStatement } from '../../values/assert-statement.ts'
import { resolve } from '../../values/placeholders.ts'
import { shownText } from '../../values/shown-value.ts'
import { explainStatement } from '../../values/statement-result.ts'
import { ValuesError } from '../../values/values-error.ts'
import type { Variables } from '../../values/variables.ts'
import type { Secrets } from '../secrets/secrets.ts'

/** Why the step is not to be run; undefined: it is. StepError `invalid` for what is neither true nor false. */
export function whySkipped(
  condition: PlannedControls['if'],
  variables: Variables,
  secrets: Secrets,
): string | undefined {
  if (condition === undefined || condition === true) return undefined
  if (condition === false) return 'if: false'
  for (const statement of condition) {
    const text = statement.trim()
    const reason = secrets.isReadBy(text) ? whySecretlyFalse(text, variables) : whyFalse(text, variables)
    if (reason !== undefined) return reason
  }
  return undefined
}

const WHOLE_PLACEHOLDER = /^\{\{[^{}]+\}\}$/
/** Of a variable that nothing has set it is known, too, whether it is set. */
const IS_SET = /^(is_set|is_empty)\(\s*\{\{\s*([^{}]+?)\s*\}\}\s*\)$/i

function whyFalse(statement: string, variables: Variables): string | undefined {
  if (WHOLE_PLACEHOLDER.test(statement)) return isTrue(statement, variables) ? undefined : `${statement} is false`
  const [, form = '', name = ''] = IS_SET.exec(statement) ?? []
  if (name !== '' && !isKnown(name, variables)) {
    return form.toLowerCase() === 'is_empty' ? undefined : `${name} is not set`
  }
  const result = evaluateAssertStatement(statement, variables, { jsonWords: true })
  if (result.reason !== undefined) throw invalid(`"if" cannot be judged: ${result.reason}`)
  return result.passed ? undefined : explainStatement(result)
}

/** Without the values, which a failure would show, too. */
function whySecretlyFalse(statement: string, variables: Variables): string | undefined {
  try {
    return whyFalse(statement, variables) === undefined ? undefined : `not true: ${statement}`
  } catch (error) {
    if (!(error instanceof StepError)) throw error
    throw invalid(`"if" cannot be judged: ${statement} (its values are secret)`)
  }
}

function isTrue(placeholder: string, variables: Variables): boolean {
  const value = strictly(placeholder, variables)
  const text = typeof value === 'string' ? value.toLowerCase() : value
  if (text === true || text === 'true') return true
  if (text === false || text === 'false') return false
  throw invalid(`"if": ${placeholder} is ${shownText(value)}, neither true nor false: compare it with something`)
}

function isKnown(name: string, variables: Variables): boolean {
  try {
    resolve(`{{${name}}}`, variables, { strict: true })
    return true
  } catch (error) {
    if (error instanceof ValuesError) return false
    throw error
  }
}

function strictly(placeholder: string, variables: Variables) {
  try {
    return resolve(placeholder, variables, { strict: true })
  } catch (error) {
    if (!(error instanceof ValuesError)) throw error
    throw invalid(`"if" cannot be judged: ${error.message}`)
  }
}

function invalid(message: string): StepError {
  return new StepError('invalid', message, { field: 'if' })
}
