// Every lint rule, once. The linter, the command's help and the page of rules start from this list.
import type { LintRule } from './rule.ts'
import { barrierMissesNode } from './rules/barrier-misses-node.ts'
import { constantStatement } from './rules/constant-statement.ts'
import { gluedPlaceholders } from './rules/glued-placeholders.ts'
import { ignoredExpectedFailure } from './rules/ignored-expected-failure.ts'
import { ignoredOutputs } from './rules/ignored-outputs.ts'
import { literalPlaceholder } from './rules/literal-placeholder.ts'
import { nodeNotRunning } from './rules/node-not-running.ts'
import { readWithoutBarrier } from './rules/read-without-barrier.ts'
import { sleepAsBarrier } from './rules/sleep-as-barrier.ts'
import { sleepBeforeJoin } from './rules/sleep-before-join.ts'
import { statementNeverTrue } from './rules/statement-never-true.ts'
import { unknownPlaceholder } from './rules/unknown-placeholder.ts'
import { unprovenFailure } from './rules/unproven-failure.ts'
import { unreachableExpectation } from './rules/unreachable-expectation.ts'
import { unusedCapture } from './rules/unused-capture.ts'
import { unusedSuppression } from './rules/unused-suppression.ts'

const rules: readonly LintRule[] = [
  // before and after
  readWithoutBarrier,
  barrierMissesNode,
  sleepAsBarrier,
  sleepBeforeJoin,
  nodeNotRunning,
  // variables
  unusedCapture,
  ignoredOutputs,
  unknownPlaceholder,
  gluedPlaceholders,
  literalPlaceholder,
  // expectations
  unreachableExpectation,
  unprovenFailure,
  ignoredExpectedFailure,
  statementNeverTrue,
  constantStatement,
]

/** The last one looks at what the others have found. */
export const lintRules: readonly LintRule[] = [...rules, unusedSuppression(rules.map(({ id }) => id))]
