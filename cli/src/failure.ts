// An error of a command as what its user is told. Undefined: a defect of ours.

export interface Failure {
  readonly code: string
  readonly message: string
  readonly exitCode: number
}

/** Anything with an `exitCode` is an expected end: its message is for the user. */
export async function failureOf(error: unknown): Promise<Failure | undefined> {
  if (error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number') {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
    return { code, message: error.message, exitCode: error.exitCode }
  }
  const { fileFault } = await import('@calbox/workflows/file-fault')
  const fault = fileFault(error)
  return fault && { code: fault.code, message: fault.message, exitCode: fault.exitCode }
}
