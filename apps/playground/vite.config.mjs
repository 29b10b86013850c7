import { defineConfig } from 'vite';

/** One page of our own files: nothing of it is fetched from elsewhere. */
export default defineConfig({
  base: '/graphql/',
  root: import.meta.dirname,
  logLevel: 'error',
  build: {
    outDir: '../../dist/apps/api/playground',
    emptyOutDir: true,
    assetsInlineLimit: 0, // data: URLs need a weaker content security policy
    chunkSizeWarningLimit: 10_000,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
  },
});
