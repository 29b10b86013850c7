export type { FlowChangeInput, NewFlow, Run } from './domain/flow.js';
export { shownState } from './domain/flow-state.js';
export { buildSpec, type BuiltSpec } from './domain/spec-builder.js';
export { renderRun, RunModel } from './dto/flow.model.js';
export { CollectInput, LaunchInput, ListProcessesInput } from './dto/launch.input.js';
export { FlowsModule } from './flows.module.js';
export { FlowsService, type FlowView } from './flows.service.js';
export { FlowStarter } from './flow-starter.service.js';
