/** Files and folders as every program of ours makes them. */
export { makeFolder } from './make-folder.js';
