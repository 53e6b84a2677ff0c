/**
 * The files of the admin page, by their paths.
 *
 * @module
 */

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>signalbox</title>
<h1>signalbox</h1>
</html>
`;

export const ASSETS: ReadonlyMap<string, { readonly type: string; readonly body: string }> =
  new Map([["/", { type: "text/html; charset=utf-8", body: PAGE }]]);
