// Text of a parsed file: what the transform reads from it and how its insertions go in.

import { CommonFlags, NodeKind } from 'assemblyscript'

export function decorator(node, name) {
  return node.decorators?.find((each) => each.name.text === name)
}

export function textOf(range) {
  return range.source.text.substring(range.start, range.end)
}

/** The fields that hold the object's state. The compiler has refused those without a type by now. */
export function fieldsOf(node) {
  return node.members.filter((each) => each.kind === NodeKind.FieldDeclaration && !(each.flags & CommonFlags.Static))
}

/** Inserts texts at offsets of the original. */
export function applyEdits(text, edits) {
  let result = ''
  let from = 0
  for (const edit of edits.toSorted((a, b) => a.at - b.at)) {
    result += text.substring(from, edit.at) + edit.insert
    from = edit.at
  }
  return result + text.substring(from)
}
