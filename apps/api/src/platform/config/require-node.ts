/** The oldest Node with the SQLite authorizer and limits that the collection reader needs. */
const OLDEST = [24, 21] as const;

/** Ends the process with one clear line when Node is too old. Imports nothing that an old Node cannot load. */
export const requireNode = (program: string): void => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  process.stderr.write(
    `${program}: needs Node ${OLDEST.join('.')} or newer, this is ${process.versions.node}; run it by npm, or put node_modules/.bin first in PATH\n`,
  );
  process.exit(1);
};
