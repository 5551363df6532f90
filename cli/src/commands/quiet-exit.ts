// The end of a command that has said everything itself.

export class QuietExit extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super('')
    this.name = 'QuietExit'
    this.exitCode = exitCode
  }
}
