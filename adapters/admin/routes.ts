/**
 * The paths of the admin port.
 *
 * @module
 */

/** What a path of the API addresses. */
export type ApiRoute =
  | { readonly kind: "stats" | "clients" | "attempts" | "try" }
  | { readonly kind: "client"; readonly id: string };

/** What a path of the admin port addresses. */
export type AdminRoute =
  | ApiRoute
  | { readonly kind: "metrics" }
  | { readonly kind: "none" }
  | { readonly kind: "asset"; readonly path: string };

/** The route of a request, of whose path nothing is decoded; `hasAsset` says which paths are files of the page. */
export function adminRouteOf(
  { path, query }: { readonly path: string; readonly query: string },
  hasAsset: (path: string) => boolean,
): AdminRoute {
  if (path.startsWith(CLIENTS)) return clientOf(path.slice(CLIENTS.length));
  const id = path === CLIENT ? new URLSearchParams(query).get("id") : null;
  if (id !== null) return { kind: "client", id };
  return ROUTES.get(path) ?? (hasAsset(path) ? { kind: "asset", path } : NONE);
}

function clientOf(segment: string): AdminRoute {
  if (segment === "" || segment.includes("/")) return NONE;
  try {
    return { kind: "client", id: decodeURIComponent(segment) };
  } catch {
    return NONE; // Its escapes are no UTF-8, which an id is.
  }
}

const NONE: AdminRoute = { kind: "none" };
const CLIENTS = "/api/clients/";
/** For any id: clients resolve the segments "." and ".." of a path before they send it. */
const CLIENT = "/api/client";

const ROUTES: ReadonlyMap<string, AdminRoute> = new Map([
  ["/metrics", { kind: "metrics" }],
  ["/api/stats", { kind: "stats" }],
  ["/api/clients", { kind: "clients" }],
  ["/api/attempts", { kind: "attempts" }],
  ["/api/try", { kind: "try" }],
]);
