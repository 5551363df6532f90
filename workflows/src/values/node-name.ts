// What a node may be called. Its name is that of its folder, its log and its record, so it must not lead anywhere else.

/** The names that containers may have, as long as one part of a path may be with what is added to it. */
const NODE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/
export const NODE_NAME_MAX_CHARS = 128

export const NODE_NAME_HINT = 'letters, digits, "-", "_" and ".", the first one a letter or a digit'

/** Completes `the name "x" …`; undefined for a name that can be used. */
export function nodeNameFault(name: string): string | undefined {
  if (name === '') return 'is empty'
  if (name.length > NODE_NAME_MAX_CHARS)
    return `has ${name.length} characters, and at most ${NODE_NAME_MAX_CHARS} can be used`
  if (NODE_NAME.test(name)) return undefined
  const [bad = ''] = /[^A-Za-z0-9_.-]/.exec(name) ?? name
  return `has ${JSON.stringify(bad)} in it${NODE_NAME.test(`a${name}`) ? ' at its start' : ''}, which no node can be called with`
}
