import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, loadEnv } from 'vite';

/** What stands for the nonce in the built page: the node puts another one in its place in each answer (`ui/src/serve.rs`). */
const NONCE = 'AURORA-CSP-NONCE';

export default defineConfig(({ mode, command }) => {
  const node = loadEnv(mode, '.', 'AURORA_').AURORA_NODE ?? 'http://127.0.0.1:8080';
  return {
    plugins: [react(), tailwindcss()],
    html: command === 'build' ? { cspNonce: NONCE } : {},
    // Only `npm run dev` uses the proxy; what is built is served by the node itself. It asks in the node's own name, as
    // the node answers to no other.
    server: { proxy: { '/api': { target: node, changeOrigin: true, headers: { origin: node } } } },
    build: {
      // No polyfill and nothing inlined but the tiny logo: the page runs under a strict CSP.
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      // What the app is made of, and under which terms: served with it, as the terms ask for.
      license: { fileName: 'licenses.txt' },
      // The chart and the editor, which come when they are needed.
      chunkSizeWarningLimit: 700,
    },
  };
});
