/** Texts about views that people keep. */
export const viewsTexts = {
  views: {
    label: 'Views',
    own: 'Yours',
    shared: 'Shared by others',
    sharedMark: 'shared',
    by: (owner: string) => `by ${owner}`,
    name: 'Name of the view',
    save: 'Save this view',
    replace: 'Replace',
    replaces: (name: string) => `You have a view “${name}” here: it is replaced.`,
    share: 'Everybody sees it',
    saved: (name: string) => `“${name}” is saved`,
    removed: (name: string) => `“${name}” is removed`,
    remove: (name: string) => `Remove the view ${name}`,
    shareIt: (name: string) => `Share the view ${name} with everybody`,
    keepIt: (name: string) => `Keep the view ${name} to yourself`,
    isShared: (name: string) => `Everybody sees “${name}” now`,
    isKept: (name: string) => `Only you see “${name}” now`,
  },
};
