// The bodies of governance operations. The types are shared plain data (base/operations.ts).
import type { OpBody as Body } from '../base/operations.ts'

export type OpBody = Body
