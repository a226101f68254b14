import { defineConfig, loadEnv } from 'vite';

export default defineConfig(({ mode }) => {
  const node = loadEnv(mode, '.', 'AURORA_').AURORA_NODE ?? 'http://127.0.0.1:8080';
  return {
    // Only `npm run dev` uses the proxy; what is built is served by the node itself.
    server: { proxy: { '/api': { target: node, changeOrigin: true } } },
    build: {
      // Nothing inlined but the tiny logo, and no polyfill: the page runs under a strict CSP.
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  };
});
