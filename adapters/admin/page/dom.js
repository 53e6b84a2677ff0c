/**
 * Nodes of the page. Every text becomes a text node: nothing from outside is ever read as markup.
 *
 * @typedef {import("./tree.js").Tree} Tree
 * @typedef {string | number | boolean | null | undefined | ((event: never) => void)} Property
 *
 * @module
 */
const SVG = "http://www.w3.org/2000/svg";
const XHTML = "http://www.w3.org/1999/xhtml";

/**
 * The node of a tree.
 *
 * @param {Tree | string} node
 * @param {string} [around] The namespace it stands in.
 * @returns {Node}
 */
export function nodeOf(node, around = XHTML) {
  if (typeof node === "string") return document.createTextNode(node);
  const space = node.tag === "svg" ? SVG : around;
  const element = document.createElementNS(space, node.tag);
  for (const [name, value] of Object.entries(node.attributes)) {
    if (name !== "xmlns") element.setAttribute(name, String(value));
  }
  const within = node.tag === "foreignObject" ? XHTML : space;
  element.append(...node.children.map((child) => nodeOf(child, within)));
  return element;
}

/**
 * An element with attributes and children; a property that begins with "on" is a listener, one that is `false`,
 * `null` or `undefined` is left out.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, Property>>} [properties]
 * @param {readonly (Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...children);
  return element;
}

/**
 * Sets the text of an element if it changes: what does not change is not read aloud again.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes the children of `parent` those of `items`. An element stays as long as its item does, and keeps the focus.
 *
 * @template Item
 * @template {Element} Child
 * @param {Element} parent
 * @param {readonly Item[]} items
 * @param {{ key: (item: Item) => string, make: (item: Item) => Child, update: (child: Child, item: Item) => void }} how
 */
export function showItems(parent, items, { key, make, update }) {
  const keys = new Set(items.map(key));
  /** @type {Map<string, Child>} */
  const kept = new Map();
  // Those that go go first: an element that is moved would lose the focus.
  for (const child of [...parent.children]) {
    const name = child.getAttribute("data-key") ?? "";
    if (keys.has(name)) kept.set(name, /** @type {Child} */ (child));
    else child.remove();
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    const child = kept.get(name) ?? make(item);
    child.setAttribute("data-key", name);
    update(child, item);
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
}

/**
 * An element of the page.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no element ${id}`);
  return element;
}

/**
 * The head of a table. Its roles are said, because a table that is laid out as cards loses them.
 *
 * @param {readonly string[]} names
 * @returns {HTMLElement}
 */
export function tableHead(names) {
  const cells = names.map((name) => el("th", { scope: "col", role: "columnheader" }, name));
  return el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...cells));
}
