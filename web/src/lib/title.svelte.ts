/** What the tab is called, where a page knows it better than by its kind: by whom or what it is about. */
class Title {
  of = $state<string | null>(null);

  /** Calls the tab so until the answer is called; call it in an `$effect`. */
  say(of: string | null | undefined): () => void {
    this.of = of ?? null;
    return () => (this.of = null);
  }
}

export const title = new Title();
