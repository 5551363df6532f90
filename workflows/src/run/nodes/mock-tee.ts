// Whether a node is started as a mock TEE: an argument of its program.
import type { NodeSpec } from '../../driver/driver.ts'

/** Both programs call it that. */
export const MOCK_TEE = '--mock-tee'

/** The same where it is so already, or nobody asks. */
export function asMockTee(spec: NodeSpec, wanted: boolean | undefined): NodeSpec {
  const args = spec.args ?? []
  if (wanted === undefined || args.includes(MOCK_TEE) === wanted) return spec
  return { ...spec, args: wanted ? [...args, MOCK_TEE] : args.filter((arg) => arg !== MOCK_TEE) }
}
