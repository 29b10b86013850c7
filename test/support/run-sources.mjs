// Preload (`node --conditions=source --import <this file>`) with which a child process of a test runs the project's
// TypeScript sources: Node strips the types itself, and only has to be told that './x.js' is './x.ts' here.
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, nextResolve) {
    const fromSource = context.parentURL !== undefined && context.parentURL.endsWith('.ts');
    if (!fromSource || !specifier.startsWith('.') || !specifier.endsWith('.js')) return nextResolve(specifier, context);
    return nextResolve(`${specifier.slice(0, -3)}.ts`, context);
  },
});
