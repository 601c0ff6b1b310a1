import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { compress } from './build/compress.ts';
import { CONTENT_SECURITY_POLICY } from './build/security.ts';

const server = process.env.DRISHTI_URL ?? 'http://127.0.0.1:8780';
const token = process.env.DRISHTI_TOKEN;
// Only for development and tests: the proxy speaks as a page of the server's own, and adds the token if there is one. The bundle
// never sees it.
const headers = { Origin: new URL(server).origin, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
const proxy = { '/api': { target: server, changeOrigin: true, headers } };

export default defineConfig({
  plugins: [svelte(), compress()],
  build: { target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0, reportCompressedSize: false },
  server: { proxy },
  preview: { proxy, headers: { 'Content-Security-Policy': CONTENT_SECURITY_POLICY } },
  test: { include: ['src/**/*.test.ts'] },
});
