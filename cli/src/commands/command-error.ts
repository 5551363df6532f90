// Failures of the commands themselves. `main.ts` prints the message of any error that carries an `exitCode`, and ends
// with that code; DriverError of the engine carries one, too.

export type CommandErrorCode =
  | 'USAGE' // the command line makes no sense; exit 2
  | 'NOT_CONFIRMED' // asked, and the answer was no; exit 1
  | 'CALNODE_MISSING' // the node program is not installed or not built; exit 3
  | 'NODES_RUNNING' // the command needs them stopped; exit 3
  | 'NO_NODE' // there is none that can be asked; exit 3
  | 'CREDENTIALS_UNUSABLE' // the file with logins cannot be read or written; exit 3
  | 'REFUSED' // the node was asked, and refused; exit 1
  | 'UNREACHABLE' // the node could not be asked; exit 3
  | 'NO_ANSWER' // not in time; exit 4

const EXIT_CODES: Readonly<Record<CommandErrorCode, number>> = {
  USAGE: 2,
  NOT_CONFIRMED: 1,
  CALNODE_MISSING: 3,
  NODES_RUNNING: 3,
  NO_NODE: 3,
  CREDENTIALS_UNUSABLE: 3,
  REFUSED: 1,
  UNREACHABLE: 3,
  NO_ANSWER: 4,
}

export class CommandError extends Error {
  readonly code: CommandErrorCode
  readonly exitCode: number

  constructor(code: CommandErrorCode, message: string) {
    super(message)
    this.name = 'CommandError'
    this.code = code
    this.exitCode = EXIT_CODES[code]
  }
}
