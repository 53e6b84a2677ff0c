/**
 * Elements as plain data: a picture is computed without a document, and becomes nodes in the page or markup in a file.
 *
 * @typedef {object} Tree
 * @property {string} tag
 * @property {Readonly<Record<string, string | number>>} attributes
 * @property {readonly (Tree | string)[]} children
 *
 * @module
 */

/**
 * @param {string} tag
 * @param {Readonly<Record<string, string | number>>} attributes
 * @param {readonly (Tree | string)[]} children
 * @returns {Tree}
 */
export function tree(tag, attributes, ...children) {
  return { tag, attributes, children };
}

/**
 * The markup of a tree. Texts and values are escaped, whatever they contain.
 *
 * @param {Tree | string} node
 * @returns {string}
 */
export function markupOf(node) {
  if (typeof node === "string") return escapeMarkup(node);
  const { tag, attributes, children } = node;
  const named = Object.entries(attributes).map(([name, value]) =>
    ` ${name}="${escapeMarkup(String(value))}"`
  );
  return `<${tag}${named.join("")}>${children.map(markupOf).join("")}</${tag}>`;
}

/** @type {Readonly<Record<string, string>>} */
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/**
 * @param {string} text
 * @returns {string}
 */
export function escapeMarkup(text) {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
