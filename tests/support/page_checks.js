/**
 * What a page looks like to those who do not see it, or not well: computed in the page itself. Each check returns what
 * is wrong, as sentences.
 */
(() => {
  const FOCUSABLE =
    'a[href], button:enabled, input:enabled, select:enabled, summary, [tabindex="0"]';

  function isShown(element) {
    return element.checkVisibility({ checkVisibilityCSS: true, contentVisibilityAuto: true });
  }

  function nameOf(element) {
    const text = element.getAttribute("aria-label") ?? element.textContent.trim();
    return `${element.tagName.toLowerCase()} "${text.slice(0, 40)}"`;
  }

  function channels(color) {
    const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
    return { r, g, b, a };
  }

  function luminance({ r, g, b }) {
    const [x, y, z] = [r, g, b].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  }

  /** The first ground behind an element that is no glass; the rectangle of a lifeline counts for its name. */
  function groundOf(element) {
    const box = element.closest(".party")?.querySelector("rect");
    if (box) return channels(getComputedStyle(box).fill);
    for (let each = element; each !== null; each = each.parentElement) {
      const color = channels(getComputedStyle(each).backgroundColor);
      if (color.a === 1) return color;
    }
    return { r: 255, g: 255, b: 255 };
  }

  function contrast() {
    const found = [];
    for (const element of document.querySelectorAll("body *")) {
      const hasText = [...element.childNodes].some((node) =>
        node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== ""
      );
      if (!hasText || !isShown(element) || element.matches(":disabled, noscript, title")) continue;
      const style = getComputedStyle(element);
      const color = channels(element instanceof SVGElement ? style.fill : style.color);
      const [light, dark] = [luminance(color), luminance(groundOf(element))].sort((a, b) => b - a);
      const ratio = (light + 0.05) / (dark + 0.05);
      if (ratio < 4.5) found.push(`${nameOf(element)} has a contrast of ${ratio.toFixed(2)}`);
    }
    return found;
  }

  function labels() {
    const fields = [...document.querySelectorAll("input, select, textarea")];
    return fields.filter((field) => field.labels.length === 0).map((field) =>
      `${field.id || field.tagName} has no label`
    );
  }

  function structure() {
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
    const lost = [...document.querySelectorAll("[aria-labelledby]")].filter((element) =>
      document.getElementById(element.getAttribute("aria-labelledby")) === null
    );
    const headings = [...document.querySelectorAll("h1")].filter(isShown).length;
    const nameless = [...document.querySelectorAll(FOCUSABLE)].filter((element) =>
      isShown(element) && !element.matches("input, select") &&
      (element.getAttribute("aria-label") ?? element.textContent).trim() === ""
    );
    return [
      ...twice.map((id) => `two elements have the id ${id}`),
      ...lost.map((element) => `the label of ${nameOf(element)} is missing`),
      ...nameless.map((element) => `${nameOf(element)} has no name`),
      ...(headings === 1 ? [] : [`${headings} headings of the first level`]),
    ];
  }

  function width() {
    const { scrollWidth } = document.documentElement;
    return scrollWidth > innerWidth ? [`the page is ${scrollWidth} wide in ${innerWidth}`] : [];
  }

  const visited = new Set();

  globalThis.pageChecks = {
    all: () => [...contrast(), ...labels(), ...structure(), ...width()],
    /** How many elements take the focus. */
    focusable: () => [...document.querySelectorAll(FOCUSABLE)].filter(isShown).length,
    /** Counts the focused element; returns how many have been counted. */
    visit: () => {
      const element = document.activeElement;
      if (element.matches(FOCUSABLE)) visited.add(element);
      return visited.size;
    },
  };
})();
