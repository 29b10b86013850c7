import { statfsSync } from 'node:fs';
import type { RawPath } from './raw-path.js';

/** f_type of procfs and sysfs: views of the kernel, not files. */
const KERNEL_VIEWS = new Set([0x9fa0, 0x62656572]);

/** Whether a directory is a mounted procfs or sysfs. Throws what the system says. */
export const isKernelView = (dir: RawPath): boolean => KERNEL_VIEWS.has(statfsSync(dir).type);
