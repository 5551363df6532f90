// Where the records of this working directory's nodes are. Spelled here once more so that asking for the path does not
// load the engine; a test holds the two together.
import { join } from 'node:path'
import type { CommandEdge } from './command-edge.ts'

export function statePath(edge: Pick<CommandEdge, 'cwd'>): string {
  return join(edge.cwd, '.calbox')
}
