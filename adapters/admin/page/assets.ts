/**
 * The files of the page, by their paths on the admin port.
 *
 * @module
 */
import peerjs from "peerjs.min.js" with { type: "text" };
import api from "./api.js" with { type: "text" };
import attemptToMeet from "./attempt_to_meet.js" with { type: "text" };
import capture from "./capture.js" with { type: "text" };
import clients from "./clients.js" with { type: "text" };
import conversation from "./conversation.js" with { type: "text" };
import diagramStyle from "./diagram.css" with { type: "text" };
import diagram from "./diagram.js" with { type: "text" };
import diagramView from "./diagram_view.js" with { type: "text" };
import dom from "./dom.js" with { type: "text" };
import explain from "./explain.js" with { type: "text" };
import figures from "./figures.js" with { type: "text" };
import frames from "./frames.js" with { type: "text" };
import ice from "./ice.js" with { type: "text" };
import icon from "./icon.svg" with { type: "text" };
import index from "./index.html" with { type: "text" };
import meeting from "./meeting.js" with { type: "text" };
import now from "./now.js" with { type: "text" };
import style from "./page.css" with { type: "text" };
import page from "./page.js" with { type: "text" };
import poll from "./poll.js" with { type: "text" };
import roving from "./roving.js" with { type: "text" };
import series from "./series.js" with { type: "text" };
import snippet from "./snippet.js" with { type: "text" };
import snippetView from "./snippet_view.js" with { type: "text" };
import tree from "./tree.js" with { type: "text" };
import tryForm from "./try_form.js" with { type: "text" };
import tryView from "./try.js" with { type: "text" };
import views from "./views.css" with { type: "text" };
import why from "./why.js" with { type: "text" };
import words from "./words.js" with { type: "text" };

export interface Asset {
  /** Its media type. */
  readonly type: string;
  readonly body: string;
}

const TYPES = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
} as const;

const FILES: readonly (readonly [path: string, type: keyof typeof TYPES, body: string])[] = [
  ["/", "html", index],
  ["/api.js", "js", api],
  ["/attempt_to_meet.js", "js", attemptToMeet],
  ["/capture.js", "js", capture],
  ["/clients.js", "js", clients],
  ["/conversation.js", "js", conversation],
  ["/diagram.css", "css", diagramStyle],
  ["/diagram.js", "js", diagram],
  ["/diagram_view.js", "js", diagramView],
  ["/dom.js", "js", dom],
  ["/explain.js", "js", explain],
  ["/figures.js", "js", figures],
  ["/frames.js", "js", frames],
  ["/ice.js", "js", ice],
  ["/icon.svg", "svg", icon],
  ["/meeting.js", "js", meeting],
  ["/now.js", "js", now],
  ["/page.css", "css", style],
  ["/page.js", "js", page],
  ["/peerjs.min.js", "js", peerjs],
  ["/poll.js", "js", poll],
  ["/roving.js", "js", roving],
  ["/series.js", "js", series],
  ["/snippet.js", "js", snippet],
  ["/snippet_view.js", "js", snippetView],
  ["/tree.js", "js", tree],
  ["/try.js", "js", tryView],
  ["/try_form.js", "js", tryForm],
  ["/views.css", "css", views],
  ["/why.js", "js", why],
  ["/words.js", "js", words],
];

export const ASSETS: ReadonlyMap<string, Asset> = new Map(
  FILES.map(([path, type, body]) => [path, { type: TYPES[type], body }]),
);
