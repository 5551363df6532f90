// Where the node program is: the installed package, or the sources beside it in a checkout.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import type { CommandEdge } from './command-edge.ts'
import { CommandError } from './command-error.ts'

/** Overrides the search: a program file that takes the command line of calnode. */
const OVERRIDE = 'CALBOX_CALNODE'

export function findCalnode(edge: Pick<CommandEdge, 'env' | 'cwd'>): string {
  const asked = edge.env[OVERRIDE]
  const candidates = asked === undefined ? packagePrograms() : [resolve(edge.cwd, asked)]
  const found = candidates.find((path) => existsSync(path))
  if (found !== undefined) return found
  const looked =
    candidates.length === 0 ? 'the package @calbox/node is not installed' : `looked for ${candidates.join(', ')}`
  throw new CommandError('CALNODE_MISSING', `cannot find the node program: ${looked}; install or build @calbox/node`)
}

function packagePrograms(): string[] {
  try {
    const root = dirname(createRequire(import.meta.url).resolve('@calbox/node/package.json'))
    return [join(root, 'dist/calnode.js'), join(root, 'src/main.ts')]
  } catch {
    // Not installed: said by the caller.
    return []
  }
}
