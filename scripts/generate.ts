// Writes the reference pages that are derived from declarations: step kinds, HTTP routes and their OpenAPI document, lint rules. `--check` writes nothing
// and fails when a page is not what the declarations say.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { lintPage } from './pages/lint-page.ts'
import { openApiPage, routesPage } from './pages/routes-page.ts'
import { stepsPage } from './pages/steps-page.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const PAGES: Readonly<Record<string, () => Promise<string>>> = {
  'docs/reference/steps.md': stepsPage,
  'docs/reference/http.md': routesPage,
  'docs/reference/openapi.json': openApiPage,
  'docs/reference/lint.md': lintPage,
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const stale: string[] = []
for (const [file, page] of Object.entries(PAGES)) {
  const full = path.join(ROOT, file)
  const text = await page()
  if ((await readFile(full, 'utf8').catch(() => '')) === text) continue
  stale.push(file)
  if (values.check) continue
  await mkdir(path.dirname(full), { recursive: true })
  await writeFile(full, text)
}
if (values.check && stale.length > 0) {
  process.stderr.write(`not what the declarations say: ${stale.join(', ')}; run: npm run generate\n`)
  process.exitCode = 1
} else process.stderr.write(`generated pages: ${Object.keys(PAGES).length}, changed: ${stale.length}\n`)
