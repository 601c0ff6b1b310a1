import { expect, type Page } from '@playwright/test';
import { secret } from './place';

/** A screen as tests and screenshots go to it. */
export interface Screen {
  name: string;
  path: string;
  /** What is there when it is ready. */
  ready: string;
  before?: (page: Page) => Promise<void>;
  size?: { width: number; height: number };
}

const openFirstAlert = async (page: Page) => {
  await page.locator('[data-alert] a').first().click();
  await page.locator('.cards svg .bar').first().waitFor();
};

/** Ends the session under a page that is open. */
export async function expire(page: Page): Promise<void> {
  await page.context().clearCookies();
  // Whatever asks next learns of it; this asks now.
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.getByRole('dialog', { name: 'Sign in again' }).waitFor();
}

export const SCREENS: Screen[] = [
  { name: 'overview', path: '/', ready: '.policies li' },
  {
    name: 'overview-printed',
    path: '/',
    ready: '.policies li',
    before: async (page) => {
      await page.emulateMedia({ media: 'print' });
    },
    size: { width: 794, height: 1123 },
  },
  {
    name: 'assign',
    path: '/alerts',
    ready: '[data-alert]',
    before: async (page) => {
      await page.keyboard.press('a');
      await page.locator('dialog li button').first().waitFor();
    },
  },
  { name: 'alerts', path: '/alerts', ready: '[data-alert]' },
  {
    name: 'alerts-selected',
    path: '/alerts',
    ready: '[data-alert]',
    before: async (page) => {
      await page.locator('[data-alert] input').nth(1).click();
      await page
        .locator('[data-alert] input')
        .nth(5)
        .click({ modifiers: ['Shift'] });
    },
  },
  {
    name: 'alert',
    path: '/alerts?policy=anomaly.impossible_travel&state=all',
    ready: '[data-alert]',
    before: openFirstAlert,
    size: { width: 1440, height: 1300 },
  },
  {
    name: 'alert-many-events',
    path: '/alerts?policy=anomaly.mass_download&state=all',
    ready: '[data-alert]',
    before: openFirstAlert,
  },
  {
    name: 'resolve',
    path: '/alerts',
    ready: '[data-alert]',
    before: async (page) => {
      await page.locator('[data-alert]').first().waitFor();
      await page.keyboard.press('r');
      await page.getByRole('radio', { name: 'Benign' }).check();
    },
  },
  { name: 'alerts-none', path: '/alerts?text=nothing-is-called-so', ready: 'text=No alert here.' },
  {
    name: 'suppress',
    path: '/alerts?policy=anomaly.impossible_travel&state=all',
    ready: '[data-alert]',
    before: async (page) => {
      await openFirstAlert(page);
      await page.getByRole('button', { name: 'Suppress…' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  { name: 'people', path: '/people', ready: '[data-person]' },
  { name: 'people-none', path: '/people?text=nobody-is-called-so', ready: 'text=Nobody here.' },
  {
    name: 'person',
    path: '/people?alerts=open',
    ready: '[data-person]',
    before: async (page) => {
      await page.locator('[data-person] a').first().click();
      await page.locator('svg .place').first().waitFor();
    },
    size: { width: 1440, height: 2000 },
  },
  { name: 'person-odd', path: '/people/99', ready: 'text=odd@example.com' },
  { name: 'events', path: '/events', ready: 'tbody tr' },
  {
    name: 'event',
    path: '/events',
    ready: 'tbody tr',
    before: async (page) => {
      await page.locator('tbody tr a').nth(2).click();
      await page.locator('article').waitFor();
    },
  },
  {
    name: 'events-odd',
    path: '/events?source=odd&last=all',
    ready: 'tbody tr',
    before: async (page) => {
      await page.locator('tbody tr a').last().click();
      await page.locator('article').waitFor();
    },
  },
  {
    name: 'sql',
    path: `/events/sql?show=table&sql=${encodeURIComponent(
      'select actor_email, event_category, count(*) as n, min(created_at) as first\nfrom events\ngroup by 1, 2\norder by n desc',
    )}`,
    ready: '.result .row',
  },
  {
    name: 'sql-line',
    path: '/events/sql?sql=select+event_date+as+day,+count(*)+as+n+from+events+group+by+1+order+by+1',
    ready: '.result svg path',
  },
  {
    name: 'sql-bars',
    path: '/events/sql?sql=select+event_category,+count(*)+as+n+from+events+group+by+1+order+by+n+desc',
    ready: '.result .bars',
  },
  { name: 'policies', path: '/policies', ready: 'main li' },
  {
    name: 'policies-selected',
    path: '/policies?kind=anomaly',
    ready: 'main li',
    before: async (page) => {
      for (const place of [0, 2, 3]) await page.locator('main li input').nth(place).click();
      await page.getByText('3 selected').waitFor();
    },
  },
  {
    name: 'policy-anomaly',
    path: '/policies/anomaly.mass_deletion',
    ready: 'text=History',
    size: { width: 1440, height: 1100 },
  },
  {
    name: 'policy-activity',
    path: '/policies/asana.saml_made_optional',
    ready: 'text=What to do',
    before: async (page) => {
      await page.getByRole('button', { name: 'Run' }).click();
      await page.getByText(/tests passed/).waitFor();
    },
  },
  {
    name: 'policy-new',
    path: '/policies/new?event_type=user_login_succeeded&last=24h',
    ready: '.cm-content',
    before: async (page) => {
      await page.locator('.panel .sum').waitFor();
    },
  },
  {
    name: 'policy-broken',
    path: '/policies/new?copy=asana.mass_task_deletion',
    ready: '.cm-content',
    before: async (page) => {
      await page.locator('.cm-line', { hasText: 'level: ' }).first().click();
      await page.keyboard.press('End');
      await page.keyboard.type('er');
      await page.getByRole('tab', { name: 'Remarks' }).click();
      await page.locator('.cm-lint-marker-error').first().waitFor();
    },
  },
  {
    name: 'policy-narrow',
    path: '/policies/anomaly.impossible_travel',
    ready: 'text=History',
    size: { width: 700, height: 900 },
  },
  { name: 'sources', path: '/sources', ready: 'main li svg rect' },
  { name: 'source', path: '/sources/demo', ready: 'text=What happened' },
  { name: 'source-quarantine', path: '/sources/odd', ready: 'text=Try all again' },
  { name: 'source-new', path: '/sources/new', ready: 'form' },
  { name: 'settings-ranges', path: '/settings/ranges?address=192.0.2.7', ready: '.verdict' },
  {
    name: 'settings-range',
    path: '/settings/ranges',
    ready: 'main table, main .notice',
    before: async (page) => {
      await page.getByRole('button', { name: 'Add range' }).click();
      await page.locator('dialog').waitFor();
    },
  },
  { name: 'settings-tables', path: '/settings/tables', ready: 'table' },
  { name: 'settings-suppressions', path: '/settings/suppressions?all=true', ready: 'main table, main .notice' },
  {
    name: 'settings-suppression',
    path: '/settings/suppressions',
    ready: 'main table, main .notice',
    before: async (page) => {
      await page.getByRole('button', { name: 'Add suppression' }).click();
      await page.locator('dialog').waitFor();
    },
  },
  { name: 'settings-operators', path: '/settings/operators', ready: 'table' },
  {
    name: 'settings-operator',
    path: '/settings/operators',
    ready: 'table',
    before: async (page) => {
      await page.getByRole('button', { name: 'Add operator' }).click();
      await page.locator('dialog').waitFor();
    },
  },
  { name: 'settings-tokens', path: '/settings/tokens', ready: 'main table, main .notice' },
  { name: 'settings-audit', path: '/settings/audit', ready: 'tbody tr' },
  { name: 'settings-installation', path: '/settings/installation', ready: 'text=Merging small files' },
  { name: 'settings-account', path: '/settings/account', ready: 'text=Second factor' },
  {
    name: 'settings-second-factor',
    path: '/settings/account',
    ready: 'text=Second factor',
    before: async (page) => {
      await page.getByRole('button', { name: 'Set up' }).click();
      await page.getByRole('dialog').getByLabel('Password').fill(secret('login'));
      await page.getByRole('dialog').getByRole('button', { name: 'Go on' }).click();
      await page.getByRole('img', { name: 'QR code' }).waitFor();
    },
  },
  { name: 'settings-appearance', path: '/settings/appearance', ready: 'text=In UTC' },
  { name: 'settings-narrow', path: '/settings/audit', ready: 'tbody tr', size: { width: 700, height: 900 } },
  {
    name: 'views',
    path: '/alerts',
    ready: '[data-alert]',
    before: async (page) => {
      await page.getByRole('button', { name: 'Open', exact: true }).click();
      await page.getByLabel('Name of the view').waitFor();
    },
  },
  {
    name: 'alerts-narrow-filters',
    path: '/alerts',
    ready: '[data-alert]',
    size: { width: 700, height: 900 },
    before: async (page) => {
      await page.getByRole('button', { name: 'Filters' }).click();
      await page.getByRole('checkbox', { name: 'Resolved' }).waitFor();
    },
  },
  {
    name: 'palette',
    path: '/alerts',
    ready: '[data-alert]',
    before: async (page) => {
      await page.keyboard.press('/');
      await page.keyboard.type('export');
      await page.locator('[role=option] .more').first().waitFor();
    },
  },
  {
    name: 'keys',
    path: '/alerts',
    ready: '[data-alert]',
    before: async (page) => {
      await page.keyboard.press('?');
      await page.locator('dialog').waitFor();
    },
  },
  {
    name: 'sign-in',
    path: '/',
    ready: 'main h1',
    before: async (page) => {
      // Nothing of the page asks on without a session.
      await page.goto('about:blank');
      await page.context().clearCookies();
      await page.goto('/sign-in?to=/alerts');
      await page.getByLabel('Password').waitFor();
    },
  },
  {
    name: 'sign-in-again',
    path: '/alerts',
    ready: '[data-alert]',
    before: expire,
  },
  {
    name: 'leave',
    path: '/policies/new',
    ready: '.cm-content',
    before: async (page) => {
      await page.getByLabel('Title', { exact: true }).fill('Not saved');
      await page.getByRole('link', { name: 'Sources' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  { name: 'nowhere', path: '/nothing/here', ready: 'text=There is no page' },
  { name: 'alerts-narrow', path: '/alerts', ready: '[data-alert]', size: { width: 700, height: 900 } },
];

/** Goes to a screen and waits until it stands still. */
export async function visit(page: Page, { path, ready, before, size }: Screen): Promise<void> {
  if (size) await page.setViewportSize(size);
  await page.goto(path);
  await page.locator(ready).first().waitFor();
  await before?.(page);
  // The stream of changes never ends, so a quiet network is told by what the page has loaded.
  await expect(page.locator('.skeleton')).toHaveCount(0);
}
