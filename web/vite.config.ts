import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { compress } from './build/compress.ts';
import { CONTENT_SECURITY_POLICY } from './build/security.ts';

const server = process.env.DRISHTI_URL ?? 'http://127.0.0.1:8780';
const token = process.env.DRISHTI_TOKEN;
// Only for development and tests: the proxy adds the token, the bundle never sees it.
const proxy = { '/api': { target: server, headers: token ? { Authorization: `Bearer ${token}` } : {} } };

export default defineConfig({
  plugins: [svelte(), compress()],
  build: { target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0, reportCompressedSize: false },
  server: { proxy },
  preview: { proxy, headers: { 'Content-Security-Policy': CONTENT_SECURITY_POLICY } },
  test: { include: ['src/**/*.test.ts'] },
});
