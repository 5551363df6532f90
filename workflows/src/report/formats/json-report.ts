// `--report json`: one JSON document for all files of a command. Each file that was run is the record that run.json holds.
import type { JsonValue } from '../../values/json/json-value.ts'
import { stringifyLosslessJson } from '../../values/json/lossless-json.ts'
import type { FileReport, WholeReport } from '../file-report.ts'

export function jsonReport(report: WholeReport): string {
  const { files, ...rest } = report
  // Records are plain data, but their types have no index signature.
  const document = { version: 1, ...rest, files: files.map(fileOf) } as unknown as JsonValue
  return `${stringifyLosslessJson(document, 2)}\n`
}

function fileOf({ file, label = file, problems, ...rest }: FileReport): object {
  switch (rest.kind) {
    case 'ran': {
      const { record, rerun } = rest
      return { ...record, file, label, problems, ...(rerun !== undefined && { rerun }) }
    }
    case 'invalid':
      return { file, outcome: 'invalid', problems }
    case 'not_run':
      return { file, label, outcome: 'not_run', why: rest.why, plannedSteps: rest.plannedSteps, problems }
    case 'broken':
      return { file, label, outcome: 'broken', message: rest.message, problems }
  }
}
