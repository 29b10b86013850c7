// package-lock.json names no host: whoever installs takes the packages from his own registry.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { helpOrContinue, root } from './support/project.mjs';

helpOrContinue('check-lockfile: fails when package-lock.json names the host of a registry');
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
const named = Object.entries(packages).filter(
  ([, { resolved }]) => resolved !== undefined && /^[a-z+]+:/.test(resolved),
);
for (const [name, { resolved }] of named.slice(0, 5)) console.error(`${name}: ${resolved}`);
if (named.length > 0) {
  console.error(
    `package-lock.json names hosts (${named.length} packages): npm install with the .npmrc of this project writes it without`,
  );
  process.exitCode = 1;
}
