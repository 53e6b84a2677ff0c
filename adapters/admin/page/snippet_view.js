/**
 * The code for a page of the user's own, to copy.
 *
 * @module
 */
import { el, setText } from "./dom.js";

/**
 * @returns {{ readonly element: HTMLElement, show(code: string): void }}
 */
export function createSnippetView() {
  const snippet = el("pre", {
    class: "snippet",
    tabindex: 0,
    role: "region",
    "aria-label": "Code",
  });
  const copied = el("span", { role: "status" });
  const element = el(
    "section",
    { "aria-labelledby": "own-title", hidden: true },
    el("h2", { id: "own-title" }, "In a page of your own"),
    snippet,
    el("p", { class: "row" }, el("button", { onclick: copy }, "Copy"), copied),
  );

  async function copy() {
    try {
      await navigator.clipboard.writeText(snippet.textContent ?? "");
      setText(copied, "Copied.");
    } catch {
      // A page without TLS, of another host than localhost, has no clipboard.
      getSelection()?.selectAllChildren(snippet);
      setText(copied, "Selected: copy it with the keyboard.");
    }
  }

  return {
    element,
    show(code) {
      setText(snippet, code);
      element.hidden = false;
    },
  };
}
