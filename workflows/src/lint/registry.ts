// Every lint rule, once. The linter, the command's help and the page of rules start from this list.
import type { LintRule } from './rule.ts'
import { constantStatement } from './rules/expectations/constant-statement.ts'
import { eventNeverSent } from './rules/expectations/event-never-sent.ts'
import { ignoredExpectedFailure } from './rules/expectations/ignored-expected-failure.ts'
import { statementNeverTrue } from './rules/expectations/statement-never-true.ts'
import { unprovenFailure } from './rules/expectations/unproven-failure.ts'
import { unreachableExpectation } from './rules/expectations/unreachable-expectation.ts'
import { barrierMissesNode } from './rules/order/barrier-misses-node.ts'
import { nodeNotRunning } from './rules/order/node-not-running.ts'
import { readWithoutBarrier } from './rules/order/read-without-barrier.ts'
import { sleepAsBarrier } from './rules/order/sleep-as-barrier.ts'
import { sleepBeforeJoin } from './rules/order/sleep-before-join.ts'
import { unusedSuppression } from './rules/unused-suppression.ts'
import { gluedPlaceholders } from './rules/variables/glued-placeholders.ts'
import { ignoredOutputs } from './rules/variables/ignored-outputs.ts'
import { literalPlaceholder } from './rules/variables/literal-placeholder.ts'
import { lostQuotes } from './rules/variables/lost-quotes.ts'
import { mapInText } from './rules/variables/map-in-text.ts'
import { paddedPlaceholder } from './rules/variables/padded-placeholder.ts'
import { unknownPlaceholder } from './rules/variables/unknown-placeholder.ts'
import { unusedCapture } from './rules/variables/unused-capture.ts'

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
  paddedPlaceholder,
  mapInText,
  lostQuotes,
  // expectations
  unreachableExpectation,
  unprovenFailure,
  ignoredExpectedFailure,
  statementNeverTrue,
  constantStatement,
  eventNeverSent,
]

/** The last one looks at what the others have found. */
export const lintRules: readonly LintRule[] = [...rules, unusedSuppression(rules.map(({ id }) => id))]
