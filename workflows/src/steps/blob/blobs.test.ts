import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { runYaml, temporaryDirectory } from '../../testing/run-yaml.ts'
import { base58OfHex } from '../../values/base58.ts'

const file = (...steps: string[]) =>
  `name: t\nstop_all_nodes: true\nnodes: { count: 1, prefix: n }\nsteps:\n${steps.map((step) => `  - ${step}`).join('\n')}\n`

test('a file goes up as a blob and comes down with its size and hash', async () => {
  const cwd = temporaryDirectory()
  writeFileSync(path.join(cwd, 'b.json'), '["some","bytes"]')
  const sha256 = createHash('sha256').update('["some","bytes"]').digest('hex')
  const run = await runYaml(
    file(
      '{ type: upload_blob, node: n-1, file_path: b.json, context_id: c, outputs: { id: blob_id, size: size } }',
      `{ type: download_blob, node: n-1, blob_id: '{{id}}', context_id: c, expected_size: '{{size}}', expected_sha256: ${sha256.toUpperCase()}, output_path: out/x, outputs: { hash: sha256 } }`,
      "{ type: delete_blob, node: n-1, blob_id: '{{blob_id_n-1}}', outputs: { gone: deleted } }",
      "{ type: delete_blob, node: n-1, blob_id: '{{id}}', outputs: { again: deleted } }",
      "{ type: delete_blob, node: n-1, blob_id: '{{id}}', missing_ok: false, expected_failure: true, expected_error: not found }",
      "{ type: download_blob, node: n-1, blob_id: '{{id}}', expected_failure: true }",
    ),
    { cwd },
  )
  expect(run.failure?.message).toBeUndefined()
  expect(['hash', 'gone', 'again'].map((name) => run.variables.get(name))).toEqual([sha256, true, false])
  expect(readFileSync(path.join(cwd, 'out/x'), 'utf8')).toBe('["some","bytes"]')
})

test('bytes that are not as expected fail, also where a failure to fetch them was expected', async () => {
  const cwd = temporaryDirectory()
  writeFileSync(path.join(cwd, 'b.json'), '[]')
  const up = '{ type: upload_blob, node: n-1, file_path: b.json, outputs: { id: blob_id } }'
  const down = (more: string) =>
    `{ type: download_blob, node: n-1, blob_id: '{{id}}', expected_failure: true, ${more} }`
  const size = await runYaml(file(up, down('expected_size: 5')), { cwd })
  expect(size.failure?.message).toBe('the blob has 2 bytes, not 5')
  const hash = await runYaml(file(up, down('expected_sha256: ab')), { cwd })
  expect(hash.failure?.code).toBe('assertion')
  const text = await runYaml(file(up, down("expected_size: '{{id}}'")), { cwd })
  expect(text.failure?.code).toBe('invalid')
  const missing = await runYaml(file('{ type: upload_blob, node: n-1, file_path: nope }'), { cwd })
  expect(missing.failure?.message).toContain('cannot read')
})

test('a file that is there already is replaced by the whole blob, or stays as it is', async () => {
  const cwd = temporaryDirectory()
  writeFileSync(path.join(cwd, 'b.json'), '[]')
  const kept = path.join(cwd, 'kept')
  writeFileSync(kept, 'precious')
  symlinkSync('kept', path.join(cwd, 'link'))
  const up = '{ type: upload_blob, node: n-1, file_path: b.json, outputs: { id: blob_id } }'
  const down = (more: string) => `{ type: download_blob, node: n-1, output_path: link, ${more} }`
  await runYaml(file(down('blob_id: nope, expected_failure: true')), { cwd })
  await runYaml(file(up, down("blob_id: '{{id}}', expected_size: 5")), { cwd })
  expect(readFileSync(kept, 'utf8')).toBe('precious')
  const run = await runYaml(
    file(up, down("blob_id: '{{id}}'"), down("blob_id: '{{id}}'").replace('link', '/dev/null')),
    { cwd },
  )
  expect(run.failure?.message).toBeUndefined()
  expect(readFileSync(kept, 'utf8')).toBe('[]')
  expect(readdirSync(cwd).filter((name) => name.endsWith('.part'))).toEqual([])
})

test('delete_blob_on_disk removes what our nodes have of it', async () => {
  const cwd = temporaryDirectory()
  const hex = 'ab'.repeat(32)
  const place = path.join(cwd, 'data/n-1/n-1/blobs', hex)
  mkdirSync(place, { recursive: true })
  writeFileSync(path.join(place, 'data'), 'x')
  const step = `{ type: delete_blob_on_disk, node: n-1, blob_id: ${base58OfHex(hex)}`
  const run = await runYaml(file(`${step} }`, `${step} }`, `${step}, missing_ok: false }`), { cwd })
  expect(existsSync(place)).toBe(false)
  expect(run.failure?.steps).toEqual(['delete_blob_on_disk'])
  expect(run.failure?.place?.line).toBe(7)
})

test('delete_blob_on_disk finds a blob by the hash of its content, too: get_application gives that', async () => {
  const cwd = temporaryDirectory()
  const folders = path.join(cwd, 'data/n-1/n-1/blobs')
  for (const [hex, bytes] of [
    ['ab'.repeat(32), 'the code'],
    ['cd'.repeat(32), 'another'],
  ] as const) {
    mkdirSync(path.join(folders, hex), { recursive: true })
    writeFileSync(path.join(folders, hex, 'data'), bytes)
  }
  const hash = createHash('sha256').update('the code').digest('hex')
  const run = await runYaml(
    file(
      `{ type: delete_blob_on_disk, node: n-1, blob_id: ${base58OfHex(hash)}, blobs_subdir: '{{sub}}', vars: { sub: blobs } }`,
    ),
    { cwd },
  )
  expect(run.failure?.message).toBeUndefined()
  expect(readdirSync(folders)).toEqual(['cd'.repeat(32)])
})

test('delete_blob_on_disk warns where it removed nothing, unless the file says that it may be missing', async () => {
  const step = `{ type: delete_blob_on_disk, node: n-1, blob_id: ${base58OfHex('ab'.repeat(32))}`
  const run = await runYaml(file(`${step} }`, `${step}, missing_ok: true }`))
  expect(run.outcome).toBe('passed')
  const ends = run.events.flatMap((event) => (event.type === 'step:end' ? [event.warning] : []))
  expect(ends).toEqual([expect.stringContaining('nothing was removed'), undefined])
})
