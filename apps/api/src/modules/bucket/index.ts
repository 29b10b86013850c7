export { BucketModule } from './bucket.module.js';
