export { ENDED_HUNT_STATES } from './domain/flow-state.js';
export { buildSpec } from './domain/spec-builder.js';
export { FlowObject } from './dto/flow.object.js';
export { launchBody, LaunchObject } from './dto/launch.object.js';
export {
  CollectInput,
  FileFinderInput,
  GetFilesInput,
  InterrogateInput,
  ListDirectoryInput,
  ListProcessesInput,
} from './dto/launch.input.js';
export { FlowsModule } from './flows.module.js';
export { FlowStarter } from './flow-starter.service.js';
export { AnswersStatus, AnswersStatusInTime } from './status.interceptor.js';
