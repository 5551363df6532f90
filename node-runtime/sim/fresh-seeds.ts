// Which seeds an invocation calls fresh: of the content that is tested, or of the time. Edge of the program, as main.ts.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'

const HEX_DIGITS = 12
const WITHOUT_GIT = 'calbox, fresh seeds of a checkout without git'

/** The first 48 bits of the committed tree: each content has seeds of its own, and the same content always the same ones. */
export function seedOfTree(root: string): number {
  return Number.parseInt((treeOf(root) ?? hashOfLock(root)).slice(0, HEX_DIGITS), 16)
}

/** Of the run of the workflow, or of the time. */
export function seedOfTime(): number {
  const run = Number(process.env.GITHUB_RUN_ID)
  return Number.isSafeInteger(run) && run > 0 ? (run % 1_000_000) * 10_000 : Math.floor(Date.now() / 1000) * 1000
}

function treeOf(root: string): string | undefined {
  try {
    const tree = execFileSync('git', ['rev-parse', 'HEAD^{tree}'], { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] })
    return /^[0-9a-f]{40,64}\s*$/.exec(tree.toString())?.[0]
  } catch {
    // No git, or no repository.
    return undefined
  }
}

function hashOfLock(root: string): string {
  const lock = readFileSync(path.join(root, 'package-lock.json'))
  return createHash('sha256').update(lock).update(WITHOUT_GIT).digest('hex')
}
