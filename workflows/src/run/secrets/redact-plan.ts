// The plan as it may lie in a run directory, which people attach to reports: secrets of the environment and of the file
// are left out, everything else stays as it is.
import { exactJson, tryParseLosslessJson } from '../../values/json/lossless-json.ts'
import { REDACTED } from './secret-texts.ts'

/** `apiKey`, `bootstrap_secret`, `CLIENT_TOKEN`, `--admin-password`; not `token_count`. */
const SECRET_KEY = /(password|passphrase|secret|token|proof|api[-_]?key|private[-_]?key|credentials?|authorization)$/i
/** Names a variable and holds no secret itself. */
const PLACEHOLDER = /^\s*(\{\{[^{}]*\}\}\s*)+$/
/** `--password=…`, `Authorization: …`, `PASSWORD=…` in a line of a text. */
const ASSIGNED =
  /([\w-]*(?:password|passphrase|secret|token|api[-_]?key|private[-_]?key|authorization))(\s*[=:](?!=)\s*)(\S.*)$/gim
const FLAG = /^--?[\w-]+$/
/** Texts of files that a step writes, by path: what is in them is known to nobody here. */
const FILES_KEY = 'files'

export function redactPlan(plan: object): object {
  return redactMap(plan)
}

function redact(key: string, value: unknown): unknown {
  if (typeof value === 'string') return redactText(key, value)
  if (Array.isArray(value)) return value.map((item, at) => redact(flagBefore(value, at) ?? key, item))
  // Outputs are paths in a reply.
  if (!isPlain(value) || key === 'outputs') return value
  return key === FILES_KEY ? redactFiles(value) : redactMap(value, SECRET_KEY.test(key) ? key : undefined)
}

function redactText(key: string, text: string): string {
  if (text === '' || PLACEHOLDER.test(text)) return text
  if (SECRET_KEY.test(key)) return REDACTED
  return key === 'url' ? withoutCredentials(text) : withoutAssigned(text)
}

/** `of`: the key that makes everything in it secret. */
function redactMap(map: object, of?: string): object {
  // A variable whose value is of the environment.
  if ('fromEnvironment' in map && map.fromEnvironment === true) return { ...map, value: REDACTED }
  // One of the file, by its name.
  if ('fromEnvironment' in map && 'name' in map && 'value' in map && typeof map.name === 'string') {
    return { ...map, value: redact(map.name, map.value) }
  }
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, redact(of ?? key, value)]))
}

function redactFiles(files: object): object {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, PLACEHOLDER.test(String(text)) ? text : REDACTED]),
  )
}

/** In a list of arguments, `--password` says what the one after it is. */
function flagBefore(list: readonly unknown[], at: number): string | undefined {
  const before = list[at - 1]
  return typeof before === 'string' && FLAG.test(before) ? before : undefined
}

/** JSON by its keys, everything else by what is assigned in it. */
function withoutAssigned(text: string): string {
  if (/^\s*[[{]/.test(text) && !text.includes('{{')) {
    const inside = tryParseLosslessJson(text)
    if (inside !== undefined) {
      const shown = exactJson(redact('', inside) as typeof inside)
      return shown === exactJson(inside) ? text : shown
    }
  }
  return text.replace(ASSIGNED, (all, name: string, sign: string, value: string) =>
    PLACEHOLDER.test(value) ? all : `${name}${sign}${REDACTED}`,
  )
}

/** `https://user:secret@host/path?token=…`: user, password and query go. */
function withoutCredentials(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, `$1${REDACTED}@`).replace(/\?[^#]*/, `?${REDACTED}`)
}

/** Not numbers that keep their text, which are instances. */
function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
