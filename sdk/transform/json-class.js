// A class marked @json or @event: gets methods that write and read its fields.

import { checkJsonType } from './json-types.js'
import { fieldsOf, textOf } from './source-text.js'

export function jsonEdits(node, plain, report) {
  if (node.typeParameters?.length) report(node.name.range, 'a class with a JSON form cannot have type parameters')
  if (node.extendsType) report(node.extendsType.range, 'a class with a JSON form cannot extend another')
  for (const { name, type } of fieldsOf(node))
    checkJsonType(type, `field '${name.text}' of '${node.name.text}'`, plain, report)
  const fields = fieldsOf(node).map((field) => ({ name: field.name.text, type: textOf(field.type.range) }))
  const write = fields.map(({ name, type }) => `to.key("${name}"); __calbox.writeJson<${type}>(to, this.${name});`)
  const read = fields.map(({ name, type }) => `this.${name} = __calbox.member<${type}>(from, "${name}");`)
  const insert =
    ` writeJson(to: __calbox.JsonWriter): void { to.open(123); ${write.join(' ')} to.close(125); }` +
    ` readJson(from: __calbox.Json): void { ${read.join(' ')} } `
  return [{ at: node.range.end - 1, insert }]
}
