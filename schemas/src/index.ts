// Every shape that crosses a process or file edge.

export type { Static, TObject, TSchema } from 'typebox'
export { Type } from './type.ts'
export { durationField } from './workflow/duration.ts'
export { type EditorStepKind, workflowEditorSchema } from './workflow/editor-schema.ts'
export {
  type NamedNode,
  namedNode,
  type RemoteNode,
  type RemoteNodeAuth,
  remoteNode,
  remoteNodeAuth,
  type SharedNodeSettings,
  sharedNodeSettings,
} from './workflow/nodes.ts'
export { bootstrapTopology, natTopology, type WorkflowSettings, workflowSettings } from './workflow/settings.ts'
export { type CommonStepFields, commonStepFields, outputCapture, untypedStepFields } from './workflow/step.ts'
export { DURATION_MAX_SEC, type StepControls, stepControls } from './workflow/step-controls.ts'
