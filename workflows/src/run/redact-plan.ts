// The plan as it may lie in a run directory, which people attach to reports: secrets of the environment and of the file
// are left out, everything else stays as it is.
import { REDACTED } from './secret-texts.ts'

const SECRET_KEYS: ReadonlySet<string> = new Set(['apiKey', 'api_key', 'password', 'token'])
/** Names a variable and holds no secret itself. */
const PLACEHOLDER = /^\s*(\{\{[^{}]*\}\}\s*)+$/

export function redactPlan(plan: object): object {
  return redactMap(plan)
}

function redact(key: string, value: unknown): unknown {
  if (typeof value === 'string') {
    if (SECRET_KEYS.has(key)) return value === '' || PLACEHOLDER.test(value) ? value : REDACTED
    return key === 'url' ? withoutCredentials(value) : value
  }
  if (Array.isArray(value)) return value.map((item) => redact(key, item))
  return isPlain(value) ? redactMap(value) : value
}

function redactMap(map: object): object {
  // A variable whose value is of the environment.
  if ('fromEnvironment' in map && map.fromEnvironment === true) return { ...map, value: REDACTED }
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, redact(key, value)]))
}

/** `https://user:secret@host/path?token=…`: user, password and query go. */
function withoutCredentials(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, `$1${REDACTED}@`).replace(/\?[^#]*/, `?${REDACTED}`)
}

/** Not numbers that keep their text, which are instances. */
function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
