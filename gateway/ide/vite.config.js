// Builds the page for people: one HTML file and hashed assets, all served by the gateway itself.
import { defineConfig } from 'vite';
import { precompressed } from './precompressed.js';
import { thirdParty } from './third-party.js';

const licences = thirdParty();

export default defineConfig({
  root: 'src',
  base: './', // relative, so that the gateway may stand behind a path prefix
  plugins: [licences.collect(), licences.write('THIRD-PARTY.txt'), precompressed()],
  worker: { format: 'es', plugins: () => [licences.collect()] },
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    assetsDir: 'ide',
    assetsInlineLimit: 0, // data: URLs would need font-src and worker-src holes in the policy
    rolldownOptions: { checks: { moduleLevelDirective: false } }, // "use client" means nothing in a bundle
    modulePreload: { polyfill: false },
    target: 'es2022',
    chunkSizeWarningLimit: 4000, // the editor is one large chunk, loaded once and cached for good
  },
});
