// Branches of a source file, and which of them were taken. Node only blanks the types out of TypeScript, so a place in the
// code that runs is the same place in the source.
import ts from 'typescript'
import type { Counted } from './decoder-files.ts'
import type { ExecutedScript } from './executed.ts'

export interface Branch {
  readonly line: number
  readonly what: string
  /** The function around it, from its first to its last character. */
  readonly owner: Owner
  /** Taken when the code here ran… */
  readonly at: number
  /** …more often than there, where the branch is the absence of an `else`. */
  readonly unlike?: number
}

export interface Owner {
  /** Its own, or that of the function around it. */
  readonly name: string
  readonly isItsOwn: boolean
  readonly start: number
  readonly end: number
}

export function branchesOf(file: string, source: string, { except = [], loaded = [] }: Counted): Branch[] {
  const root = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true)
  const found: Branch[] = []
  const walk = (node: ts.Node, owner: Owner | undefined): void => {
    const inner = ownerOf(node, owner)
    if (inner !== undefined && except.includes(inner.name)) return
    // What it makes is called later, whether it has a name or not.
    if (inner !== undefined && !(inner.isItsOwn && loaded.includes(inner.name))) {
      const line = root.getLineAndCharacterOfPosition(node.getStart()).line + 1
      for (const { what, at, unlike } of waysOf(node))
        found.push({ line, what, owner: inner, at, ...(unlike === undefined ? {} : { unlike }) })
    }
    node.forEachChild((child) => walk(child, inner))
  }
  walk(root, undefined)
  return found
}

/** Adds the places of branches that these counts show as taken. Counts of one run, or of one part of it, at a time. */
export function markTaken(branches: readonly Branch[], script: ExecutedScript, taken: Set<number>): void {
  branches.forEach((branch, index) => {
    if (taken.has(index)) return
    const here = countAt(script, branch, branch.at)
    const other = branch.unlike === undefined ? 0 : countAt(script, branch, branch.unlike)
    if (here > other) taken.add(index)
  })
}

interface Way {
  readonly what: string
  readonly at: number
  readonly unlike?: number
}

function waysOf(node: ts.Node): Way[] {
  if (isFunction(node)) {
    const { body } = node
    return body === undefined ? [] : [{ what: 'call', at: bodyStart(body) }]
  }
  if (ts.isIfStatement(node)) {
    const then = { what: 'if', at: start(node.thenStatement) }
    if (node.elseStatement !== undefined) return [then, { what: 'else', at: start(node.elseStatement) }]
    return [then, { what: 'no else', at: start(node), unlike: start(node.thenStatement) }]
  }
  if (ts.isConditionalExpression(node)) {
    return [
      { what: '?', at: start(node.whenTrue) },
      { what: ':', at: start(node.whenFalse) },
    ]
  }
  if (ts.isCaseOrDefaultClause(node)) {
    const [first] = node.statements
    return first === undefined ? [] : [{ what: 'case', at: start(first) }]
  }
  if (ts.isCatchClause(node)) return [{ what: 'catch', at: start(node.block) }]
  if (ts.isBinaryExpression(node) && isLogical(node.operatorToken.kind))
    return [{ what: 'right side', at: start(node.right) }]
  return []
}

const start = (node: ts.Node): number => node.getStart()

function bodyStart(body: ts.ConciseBody): number {
  return ts.isBlock(body) ? (body.statements[0]?.getStart() ?? body.getStart()) : body.getStart()
}

function isLogical(kind: ts.SyntaxKind): boolean {
  return kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken
}

type WithBody = ts.FunctionLikeDeclaration & { readonly body?: ts.ConciseBody }

function isFunction(node: ts.Node): node is WithBody {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isArrowFunction(node) ||
    ts.isFunctionExpression(node) ||
    ts.isConstructorDeclaration(node) ||
    ts.isGetAccessor(node)
  )
}

/** Small functions inside belong to the named one around them. */
function ownerOf(node: ts.Node, around: Owner | undefined): Owner | undefined {
  if (!isFunction(node)) return around
  const { parent } = node
  const isNamed = ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)
  const named = node.name ?? (isNamed ? parent.name : undefined)
  const own = named?.getText() ?? (ts.isConstructorDeclaration(node) ? 'constructor' : undefined)
  const name = own ?? around?.name ?? ''
  return { name, isItsOwn: own !== undefined, start: node.getStart(), end: node.getEnd() }
}

/** Of the innermost counted block around a place; 0 where the function around it was never counted. */
function countAt({ functions }: ExecutedScript, { owner }: Branch, at: number): number {
  let count = 0
  let size = Number.POSITIVE_INFINITY
  for (const { ranges } of functions) {
    const [whole] = ranges
    if (whole === undefined || whole.startOffset < owner.start || whole.endOffset > owner.end) continue
    for (const range of ranges) {
      const length = range.endOffset - range.startOffset
      if (range.startOffset <= at && at < range.endOffset && length <= size) {
        count = range.count
        size = length
      }
    }
  }
  return count
}
