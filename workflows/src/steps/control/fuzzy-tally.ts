// What came out of a fuzzy test: operations run, statements judged, steps that failed, by operation.
import { type JsonValue, jsonFloat } from '../../values/json/json-value.ts'
import { FUZZY_FAILURES_SHOWN, FUZZY_LABELS_MAX, FUZZY_LAST_SHOWN } from '../limits.ts'
import type { JudgedStatement } from '../step-kind.ts'

interface Counts {
  operations: number
  passed: number
  failed: number
  brokenSteps: number
  /** How often each statement failed, by its label. */
  readonly failures: Map<string, number>
}

export class FuzzyTally {
  readonly #byOperation = new Map<string, Counts>()
  readonly #last: string[] = []

  operation(name: string): void {
    this.#of(name).operations += 1
  }

  judged(name: string, operation: number, statements: readonly JudgedStatement[]): void {
    const counts = this.#of(name)
    for (const { passed, label } of statements) {
      if (passed) counts.passed += 1
      else {
        counts.failed += 1
        this.#failed(counts, `operation ${operation}, ${name}: ${label}`, label)
      }
    }
  }

  broken(name: string): void {
    this.#of(name).brokenSteps += 1
  }

  get operations(): number {
    return this.#sum('operations')
  }

  get assertions(): number {
    return this.#sum('passed') + this.#sum('failed')
  }

  /** Percent; 0 where nothing was judged. */
  get passRate(): number {
    return this.assertions === 0 ? 0 : (100 * this.#sum('passed')) / this.assertions
  }

  variables(): Record<string, JsonValue> {
    return {
      fuzzy_test_total_patterns: this.operations,
      fuzzy_test_total_assertions: this.assertions,
      fuzzy_test_assertions_passed: this.#sum('passed'),
      fuzzy_test_assertions_failed: this.#sum('failed'),
      fuzzy_test_pass_rate: jsonFloat(this.passRate),
      fuzzy_test_had_exception: false,
    }
  }

  says(): string {
    const broken = this.#sum('brokenSteps')
    const steps = broken === 0 ? '' : `, ${broken} failed steps`
    const rate = `${this.passRate.toFixed(1)} % of ${this.assertions} statements true`
    return `${this.operations} operations, ${rate}${steps}`
  }

  /** Operation by operation, with what failed most, and the last failures. */
  report(): string[] {
    const lines = [...this.#byOperation].flatMap(([name, counts]) => {
      const head = `  ${name}: ${counts.operations} times, ${counts.passed} of ${counts.passed + counts.failed} true`
      const most = [...counts.failures].sort(([, a], [, b]) => b - a).slice(0, FUZZY_FAILURES_SHOWN)
      const broken = counts.brokenSteps === 0 ? [] : [`    ${counts.brokenSteps} steps failed`]
      return [head, ...most.map(([label, count]) => `    ${count} × ${label}`), ...broken]
    })
    return this.#last.length === 0
      ? lines
      : [...lines, '  the last failures:', ...this.#last.map((each) => `    ${each}`)]
  }

  #of(name: string): Counts {
    const counts = this.#byOperation.get(name) ?? {
      operations: 0,
      passed: 0,
      failed: 0,
      brokenSteps: 0,
      failures: new Map(),
    }
    this.#byOperation.set(name, counts)
    return counts
  }

  #failed(counts: Counts, text: string, label: string): void {
    if (counts.failures.has(label) || counts.failures.size < FUZZY_LABELS_MAX) {
      counts.failures.set(label, (counts.failures.get(label) ?? 0) + 1)
    }
    this.#last.push(text)
    if (this.#last.length > FUZZY_LAST_SHOWN) this.#last.shift()
  }

  #sum(field: 'operations' | 'passed' | 'failed' | 'brokenSteps'): number {
    return [...this.#byOperation.values()].reduce((sum, counts) => sum + counts[field], 0)
  }
}
