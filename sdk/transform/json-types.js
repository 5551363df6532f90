// Types without a JSON form, found before the compiler meets them inside of the SDK, where it cannot say who uses them.
// Goes by name: what it lets through by mistake the compiler still refuses.

import { NodeKind } from 'assemblyscript'
import { decorator } from './source-text.js'

const WITHOUT_JSON = new Set([
  'StaticArray',
  'Set',
  'ArrayBuffer',
  'DataView',
  'Date',
  'Int8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Int64Array',
  'Uint64Array',
  'Float32Array',
  'Float64Array',
])

/** Names of the author's classes that have no JSON form under any of their declarations. */
export function plainClasses(sources) {
  const plain = new Set()
  const marked = new Set()
  for (const source of sources) {
    for (const node of source.statements) {
      if (node.kind === NodeKind.ClassDeclaration) (hasJson(node) ? marked : plain).add(node.name.text)
    }
  }
  return plain.difference(marked)
}

/** `what` names the place: a parameter, a result, a field. */
export function checkJsonType(type, what, plain, report) {
  if (type.kind === NodeKind.FunctionType) {
    report(type.range, `${what}: a function has no JSON form`)
    return
  }
  const name = type.name?.identifier?.text
  if (plain.has(name)) report(type.range, `${what}: class '${name}' has no JSON form: mark it with @json`)
  else if (WITHOUT_JSON.has(name)) report(type.range, `${what}: '${name}' has no JSON form`)
  for (const each of type.typeArguments ?? []) checkJsonType(each, what, plain, report)
}

function hasJson(node) {
  const own = new Set(node.members.map((each) => each.name.text))
  return (
    decorator(node, 'json') !== undefined ||
    decorator(node, 'event') !== undefined ||
    (own.has('writeJson') && own.has('readJson'))
  )
}
