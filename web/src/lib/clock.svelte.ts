const TICK_MILLISECONDS = 15_000;

/** The time now, for what says how long ago something was. */
class Clock {
  now = $state(Date.now());

  constructor() {
    setInterval(() => (this.now = Date.now()), TICK_MILLISECONDS);
  }
}

export const clock = new Clock();
