import { api, ask } from '../api/client';
import { Remote } from '../api/remote.svelte';
import type { NewView, View } from '../api/schema';

/** Pages whose views can be kept. */
export type ViewPage = 'alerts' | 'events' | 'people' | 'policies' | 'query';

/** The views of one page: one's own, and those that others share. */
export class SavedViews {
  readonly remote = new Remote<View[]>();

  constructor(readonly page: ViewPage) {}

  get own(): View[] {
    return (this.remote.data ?? []).filter((view) => view.is_own);
  }

  get shared(): View[] {
    return (this.remote.data ?? []).filter((view) => !view.is_own);
  }

  read(): Promise<void> {
    const query = { page: this.page };
    return this.remote.read(
      async (signal) => (await ask(api.GET('/api/v1/views', { params: { query }, signal }))).views,
    );
  }

  /** Keeps a view, in the place of one's own of the same name. */
  async save(name: string, query: string, isShared: boolean): Promise<void> {
    const body: NewView = { page: this.page, name, query, is_shared: isShared };
    const before = this.own.find((view) => view.name === name);
    if (before) await this.#replace(before, body);
    else await ask(api.POST('/api/v1/views', { body }));
    await this.read();
  }

  async share(view: View, isShared: boolean): Promise<void> {
    const { name, query } = view;
    await this.#replace(view, { page: this.page, name, query, is_shared: isShared });
    await this.read();
  }

  async remove(view: View): Promise<void> {
    const params = { path: { id: view.id }, header: { 'If-Match': `"${view.revision}"` } };
    await ask(api.DELETE('/api/v1/views/{id}', { params }));
    await this.read();
  }

  async #replace(view: View, body: NewView): Promise<void> {
    const params = { path: { id: view.id }, header: { 'If-Match': `"${view.revision}"` } };
    await ask(api.PUT('/api/v1/views/{id}', { params, body }));
  }
}
