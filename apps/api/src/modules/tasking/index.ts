export { LabelQueues } from './label-queues.service.js';
export { FlowLifecycle } from './lifecycle.service.js';
export { PublisherService } from './publisher.service.js';
export { ReconcilerService } from './reconciler.service.js';
export { Signer } from './signer.service.js';
export { loadCa } from './signing-keys.js';
export { TaskingBaseModule } from './tasking-base.module.js';
export { TaskingModule } from './tasking.module.js';
