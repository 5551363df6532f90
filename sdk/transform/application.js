// The class marked @app: its collection fields get their ids, each public method gets an export that decodes the
// arguments, runs it on the state and encodes the result.

import { createHash } from 'node:crypto'
import { CommonFlags, NodeKind, SourceKind } from 'assemblyscript'
import { checkJsonType } from './json-types.js'
import { decorator, fieldsOf, textOf } from './source-text.js'

const COLLECTIONS = [
  'UnorderedMap',
  'UnorderedSet',
  'LwwRegister',
  'Counter',
  'PnCounter',
  'Vector',
  'ReplicatedGrowableArray',
]
const HIDDEN =
  CommonFlags.Private |
  CommonFlags.Protected |
  CommonFlags.Static |
  CommonFlags.Get |
  CommonFlags.Set |
  CommonFlags.Constructor

export function applicationEdits(node, source, withoutJson, report) {
  if (source.sourceKind !== SourceKind.UserEntry) report(node.name.range, 'the @app class must be in the entry file')
  if (source.statements.filter((each) => decorator(each, 'app')).length > 1)
    report(node.name.range, 'there can be one @app class only')
  const { collections, plain, edits } = stateOf(node, report)
  const methods = methodsOf(node, withoutJson, report)
  const parts = { name: node.name.text, collections, plain }
  const code = [
    documentCode(parts),
    initCode(
      parts,
      methods.find((each) => each.name === 'init'),
    ),
  ]
  for (const method of methods) if (method.name !== 'init') code.push(methodCode(parts, method))
  return [...edits, { at: source.text.length, insert: `\n${code.join('\n')}` }]
}

/** The same in every context and on every node: a hash of the field's name, as other SDKs of the platform have it. */
export function collectionId(fieldName) {
  return createHash('sha256').update(`__calimero_collection__${fieldName}`).digest()
}

function stateOf(node, report) {
  const collections = []
  const plain = []
  const edits = []
  for (const field of fieldsOf(node)) {
    const name = field.name.text
    const type = textOf(field.type.range)
    if (COLLECTIONS.includes(field.type.name?.identifier?.text)) {
      const id = collectionId(name)
      collections.push({ name, id: id.toString('hex') })
      if (field.initializer)
        report(field.initializer.range, `collection '${name}' is created by the SDK: leave the initialiser out`)
      else edits.push({ at: field.type.range.end, insert: ` = new ${type}(memory.data<u8>([${[...id].join(', ')}]))` })
    } else plain.push({ name, type })
  }
  return { collections, plain, edits }
}

function methodsOf(node, withoutJson, report) {
  const methods = []
  for (const member of node.members) {
    if (member.kind !== NodeKind.MethodDeclaration || member.flags & HIDDEN) continue
    const name = member.name.text
    if (member.typeParameters?.length)
      report(member.name.range, `method '${name}' cannot have type parameters: make it private`)
    const signature = member.signature
    const result = signature.returnType.range.end > signature.returnType.range.start ? signature.returnType : undefined
    for (const each of signature.parameters)
      checkJsonType(each.type, `method '${name}', parameter '${each.name.text}'`, withoutJson, report)
    if (result) checkJsonType(result, `the result of method '${name}'`, withoutJson, report)
    const type = result ? textOf(result.range) : 'void'
    const isResult = result?.name?.identifier?.text === 'Result' && result.typeArguments?.length === 1
    if (name === 'init' && type !== 'void') report(member.name.range, "'init' returns nothing")
    methods.push({
      name,
      view: decorator(member, 'view') !== undefined,
      parameters: signature.parameters.map((each) => ({ name: each.name.text, type: textOf(each.type.range) })),
      returns: isResult ? { result: textOf(result.typeArguments[0].range) } : { type },
    })
  }
  return methods
}

function documentCode({ name, collections, plain }) {
  const ids = JSON.stringify(Object.fromEntries(collections.map((each) => [each.name, each.id])))
  const write = plain.map((each) => `to.key("${each.name}"); __calbox.writeJson<${each.type}>(to, app.${each.name});`)
  return (
    `function __calboxDocument(app: ${name}, createdAt: u64): Uint8Array {` +
    ` const to = __calbox.openDocument(createdAt, ${JSON.stringify(ids)}); ${write.join(' ')} return __calbox.closeDocument(to); }`
  )
}

function argumentsCode(parameters) {
  const read = parameters.map((each, index) => `const a${index} = args.get<${each.type}>("${each.name}");`)
  const names = parameters.map((each) => `"${each.name}"`).join(', ')
  return `const args = __calbox.Args.read(); ${read.join(' ')} args.end([${names}]);`
}

function callCode({ name, parameters }) {
  return `app.${name}(${parameters.map((_, index) => `a${index}`).join(', ')})`
}

function initCode({ name, collections }, init) {
  const create = collections.map((each) => `app.${each.name}.create();`).join(' ')
  return (
    `function __calbox_init(): void { __calbox.beginInit(); ${argumentsCode(init?.parameters ?? [])}` +
    ` const app = new ${name}(); ${create} ${init ? `${callCode(init)};` : ''}` +
    ` const now = __calbox.timeNow(); __calbox.finishInit(__calboxDocument(app, now), now); }\n` +
    'export { __calbox_init as init };\nexport { applyDelta as __calimero_sync_next } from "@calbox/sdk/assembly/generated-code";'
  )
}

function methodCode({ name, plain }, method) {
  const restore = plain.map((each) => `app.${each.name} = state.field<${each.type}>("${each.name}", app.${each.name});`)
  const load = plain.length ? `const state = __calbox.Document.parse(before); ${restore.join(' ')}` : ''
  const document = plain.length ? '__calboxDocument(app, state.createdAt)' : 'before'
  return (
    `function __calbox_${method.name}(): void { const before = __calbox.begin(${method.view}); ${argumentsCode(method.parameters)}` +
    ` const app = new ${name}(); ${load} ${answerCode(method)} ${method.view ? '' : `__calbox.finish(${document}, before);`} }\n` +
    `export { __calbox_${method.name} as ${method.name} };`
  )
}

function answerCode(method) {
  const { returns } = method
  const call = callCode(method)
  if (returns.result) return `if (!__calbox.answerResult<${returns.result}>(${call})) return;`
  if (returns.type === 'void') return `${call}; __calbox.answerNull();`
  return `__calbox.answer<${returns.type}>(${call});`
}
