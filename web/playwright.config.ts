import { defineConfig } from '@playwright/test';
import { address, home, program, signedIn } from './tests/place';

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  workers: 1,
  fullyParallel: false,
  timeout: 30_000,
  expect: { timeout: 10_000 },
  reporter: 'list',
  use: {
    baseURL: `http://${address}`,
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'ready', testMatch: '*.setup.ts' },
    { name: 'journeys', testMatch: '*.spec.ts', dependencies: ['ready'], use: { storageState: signedIn } },
    { name: 'paint', testMatch: 'paint.ts', dependencies: ['ready'], use: { storageState: signedIn } },
    { name: 'screenshots', testMatch: 'screenshots.ts', dependencies: ['ready'], use: { storageState: signedIn } },
  ],
  webServer: {
    command: `node tests/demo.mjs '${program}' '${home}' ${address}`,
    url: `http://${address}/readyz`,
    timeout: 120_000,
    reuseExistingServer: false,
    gracefulShutdown: { signal: 'SIGTERM', timeout: 10_000 },
  },
});
