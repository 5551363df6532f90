// Reads what vitest's JSON reporter wrote, for a summary that names each failed test with its cause.
import { readFileSync } from 'node:fs'
import path from 'node:path'

/** Of each message: enough for the assertion and where it stands. */
const MESSAGE_LINES = 12

interface Results {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages?: readonly string[]
    }[]
  }[]
}

/** One entry a failed test, or a failed file that had no test to fail: where, its name, the first lines of its message. */
export function failedTests(resultsFile: string, root: string): string[] {
  let results: Results
  try {
    results = JSON.parse(readFileSync(resultsFile, 'utf8')) as Results
  } catch (error) {
    return [`  no results were written: ${error instanceof Error ? error.message : String(error)}`]
  }
  return results.testResults.flatMap((file) => {
    const where = path.relative(root, file.name)
    const failed = file.assertionResults.filter(({ status }) => status === 'failed')
    if (failed.length === 0) return file.status === 'failed' ? [entry(where, '(the file itself)', file.message)] : []
    return failed.map((test) => entry(where, test.fullName, (test.failureMessages ?? []).join('\n')))
  })
}

function entry(where: string, name: string, message: string): string {
  const lines = message.split('\n').slice(0, MESSAGE_LINES)
  return [`  ${where} > ${name}`, ...lines.map((line) => `      ${line}`)].join('\n')
}
