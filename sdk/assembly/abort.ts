// What `throw` and failed assertions compile to. The transform makes the compiler use it in place of env.abort.

import { panicAt } from './memory'

export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  panicAt(message === null ? 'the application failed' : message, file === null ? '' : file, line, column)
}
