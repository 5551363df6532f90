// What a node reads before it listens. Each package more is paid by every start of every node.
import path from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { BUNDLE, codeUnitOrder, nativeBinding } from './bundle.ts'

const ROOT = path.resolve(import.meta.dirname, '..')

test('a node starts without the validator of requests, and without the API', async () => {
  const { metafile } = await build({
    ...BUNDLE,
    plugins: [...BUNDLE.plugins, nativeBinding, codeUnitOrder],
    absWorkingDir: ROOT,
    entryPoints: ['node-runtime/src/run-node.ts'],
    outdir: 'node-runtime/dist',
    splitting: true,
    metafile: true,
    write: false,
  })
  const entry = Object.keys(metafile.outputs).find(
    (name) => metafile.outputs[name]?.entryPoint === 'node-runtime/src/run-node.ts',
  )
  const read = new Set<string>()
  for (const waiting = [entry ?? '']; waiting.length > 0; ) {
    const name = waiting.pop() ?? ''
    if (read.has(name)) continue
    read.add(name)
    const imports = metafile.outputs[name]?.imports ?? []
    waiting.push(...imports.filter(({ kind }) => kind === 'import-statement').map((each) => each.path))
  }
  const inputs = [...read].flatMap((name) => Object.keys(metafile.outputs[name]?.inputs ?? {}))
  expect(inputs).toContain('node-runtime/src/run-node.ts')
  expect(inputs).toContain('node_modules/libp2p/dist/src/index.js')
  expect(
    inputs.filter((input) => /node_modules\/(typebox|ajv|fastify|hono|yaml)\/|src\/server\/routes\/node\//.test(input)),
  ).toEqual([])
})
