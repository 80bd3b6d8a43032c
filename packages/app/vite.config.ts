import { defineConfig } from 'vite';

/** The page: one script, one style, nothing from elsewhere. */
export default defineConfig({
  root: `${import.meta.dirname}/web`,
  base: './',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: { outDir: `${import.meta.dirname}/dist`, emptyOutDir: true, modulePreload: { polyfill: false } },
});
