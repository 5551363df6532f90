import { expect, test } from 'vitest'
import { callRemedy as remedyOf } from './call-remedy.ts'

const called = { node: 'n-1', contextId: 'ctx' }
const callRemedy = (said: string) => remedyOf({ type: 'FunctionCallError', data: said }, called)

test('a context that the node does not know is named, and its field marked', () => {
  expect(remedyOf({ type: 'ContextNotFound' }, called)).toEqual({
    field: 'context_id',
    help: 'n-1 knows no context ctx',
  })
})

test('an application that was removed is to be installed again', () => {
  const gone = { type: 'ApplicationNotInstalled', data: { application_id: 'app' } }
  expect(remedyOf(gone, called).help).toMatch(/^install the application of context ctx again/)
  const lost = { ...gone, data: { ...gone.data, message: 'its code is lost' } }
  expect(remedyOf(lost, called).help).toMatch(
    /^a running member gives the code: .* without one install the application/,
  )
})

test('a method that is not there, and arguments that do not fit, are marked; the words say the rest', () => {
  expect(callRemedy('method "st" not found: the app does not export it\nit exports set')).toEqual({ field: 'method' })
  expect(callRemedy('method "memory" takes or returns WebAssembly values; methods must not')).toEqual({
    field: 'method',
  })
  expect(callRemedy("argument 'value' is missing")).toEqual({ field: 'args' })
})

test.for([
  ['method "spin": the call ran longer than 10 s and was ended', 'loop without an end'],
  ['the guest reached the memory limit of 64 MiB', 'in parts'],
  ['the guest recursed deeper than the stack allows', 'recursion'],
  ['storage writes: 100001 exceeds the limit of 100000', 'less in one call'],
  ['the guest called "env.x", which this host does not know', 'another host'],
  ['host function js_x is not supported yet', 'another host'],
  ['wasm trap: unreachable', '`log`'],
] as const)('%s: there is something to do about it', ([said, help]) => {
  expect(callRemedy(said)).toEqual({ field: 'method', help: expect.stringContaining(help) })
})

test('what the application says itself gets no advice', () => {
  expect(callRemedy('insufficient funds at src/bank.ts:3:1')).toEqual({})
})
