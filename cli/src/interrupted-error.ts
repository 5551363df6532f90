// The reason of the abort that a signal causes.

export class InterruptedError extends Error {
  readonly exitCode: number

  constructor(signal: string, exitCode: number) {
    super(`interrupted (${signal})`)
    this.name = 'InterruptedError'
    this.exitCode = exitCode
  }
}
