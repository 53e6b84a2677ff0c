/**
 * One stop of Tab for all buttons of a picture: the arrow keys, Home and End move among them.
 *
 * @module
 */

/** @type {Readonly<Record<string, (place: number) => number>>} */
const MOVES = {
  ArrowDown: (place) => place + 1,
  ArrowUp: (place) => place - 1,
  Home: () => 0,
  End: () => Infinity,
};

/**
 * @param {HTMLElement} root
 * @param {string} selector Of the buttons.
 * @returns {{ readonly place: () => number, reset(): void }} The place of the button that Tab reaches.
 */
export function createRoving(root, selector) {
  let current = 0;

  /** @returns {SVGElement[]} */
  const buttons = () =>
    [...root.querySelectorAll(selector)].filter((one) => one instanceof SVGElement);

  /** @param {Event} event */
  const placeOf = ({ target }) =>
    buttons().findIndex((button) => target instanceof Node && button.contains(target));

  root.addEventListener("focusin", (event) => {
    const place = placeOf(event);
    if (place < 0) return;
    current = place;
    for (const [i, button] of buttons().entries()) {
      button.setAttribute("tabindex", i === current ? "0" : "-1");
    }
  });
  root.addEventListener("keydown", (event) => {
    const [place, move] = [placeOf(event), MOVES[event.key]];
    if (place < 0 || move === undefined) return;
    event.preventDefault();
    const all = buttons();
    all[Math.min(Math.max(0, move(place)), all.length - 1)]?.focus();
  });
  return {
    place: () => current,
    reset() {
      current = 0;
    },
  };
}
