// What the suites found, as parts of docs/clients.md: each suite writes its own part and leaves the others.

export interface Row {
  readonly file: string
  readonly test: string
  /** `skipped`: by the suite itself. */
  readonly result: 'passed' | 'failed' | 'skipped'
  readonly why?: string
}

export interface SuiteResult {
  readonly rows: readonly Row[]
  /** What else the suite said. */
  readonly notes: readonly string[]
}

/** Failures whose reason is a feature that the nodes do not have, by what they say. */
const EXPLAINED: readonly (readonly [RegExp, string])[] = [
  [/\(TEE\)/, 'the node has no trusted execution environments (501)'],
]

export function explanationOf({ why = '' }: Row): string | undefined {
  return EXPLAINED.find(([pattern]) => pattern.test(why))?.[1]
}

export function isUnexplained(row: Row): boolean {
  return row.result === 'failed' && explanationOf(row) === undefined
}

export function countsOf({ rows }: SuiteResult): string {
  const count = (result: Row['result']) => rows.filter((row) => row.result === result).length
  return `${rows.length} tests: ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped by the suite`
}

export function partOf(result: SuiteResult): string {
  const { rows, notes } = result
  const files = [...new Set(rows.map(({ file }) => file))]
  const table = files.map((file) => {
    const of = rows.filter((row) => row.file === file)
    const count = (wanted: Row['result']) => of.filter(({ result: each }) => each === wanted).length
    return `| \`${file}\` | ${count('passed')} | ${count('failed')} | ${count('skipped')} |`
  })
  const others = rows.filter(({ result: each }) => each !== 'passed')
  return [
    `${countsOf(result)}.`,
    ['| file | passed | failed | skipped |', '| --- | --- | --- | --- |', ...table].join('\n'),
    ...(others.length === 0
      ? []
      : [['| not passed | result | why |', '| --- | --- | --- |', ...others.map(lineOf)].join('\n')]),
    ...(notes.length === 0
      ? []
      : [`What the suite said besides:\n\n${notes.map((note) => `- ${cell(note)}`).join('\n')}`]),
  ].join('\n\n')
}

function lineOf(row: Row): string {
  const why = row.result === 'failed' ? (explanationOf(row) ?? `UNEXPLAINED: ${row.why ?? ''}`) : ''
  return `| ${cell(row.test)} | ${row.result} | ${cell(why)} |`
}

/** Ids change with every run. */
function cell(text: string): string {
  const shown = text.replaceAll(/[0-9a-f]{32,}/g, '…').replaceAll(/\b[1-9A-HJ-NP-Za-km-z]{43,44}\b/g, '…')
  return shown.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

/** The page with that part replaced. Throws where the page has no place for it. */
export function withPart(page: string, name: string, part: string): string {
  const [open, close] = [`<!-- ${name} -->\n`, `\n<!-- /${name} -->`]
  const [start, end] = [page.indexOf(open), page.indexOf(close)]
  if (start < 0 || end < start) throw new Error(`the page has no ${open.trim()} … ${close.trim()}`)
  return `${page.slice(0, start + open.length)}\n${part}\n${page.slice(end)}`
}
