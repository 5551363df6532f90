// `${NAME}` in texts of a workflow file.

export type Environment = Readonly<Record<string, string | undefined>>

/** `${NAME}` and `${NAME:-default}`; an unset name without a default stays as it is written. */
export function expandEnvironment(text: string, environment: Environment, onUnset: (name: string) => void): string {
  return text.replace(/\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g, (whole, name: string, fallback: string | undefined) => {
    const value = environment[name] ?? fallback
    if (value === undefined) onUnset(name)
    return value ?? whole
  })
}
