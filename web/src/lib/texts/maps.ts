/** Texts about places and the ways between them. */
export const mapsTexts = {
  maps: {
    notLoaded: 'The map could not be loaded. The list has the same places.',
    kilometres: (value: string) => `${value} km`,
    within: (length: string) => `in ${length}`,
    speed: (value: string) => `${value} km/h`,
    atOnce: 'at the same moment',
  },
};
