/**
 * The server of a worker that does what is wrong when a client says so: put in place of `adapters/server.ts` by
 * `stage.ts`. A message with a payload of `{ "fault": … }` does it in the worker that its sender is connected to.
 */
import {
  createSignalingServer as create,
  type Parts,
  type SignalingServer,
} from "../../adapters/server.ts";
import type { Observer } from "../../adapters/runtime.ts";
import type { Settings } from "../../core/mod.ts";

export * from "../../adapters/server.ts";

/** What goes wrong. */
export type Fault =
  | { readonly fault: "throw" }
  | { readonly fault: "reject" }
  /** For so long nothing but this runs; 0 for ever. */
  | { readonly fault: "hang"; readonly ms: number }
  /** So many descriptors are lost, as far as the server knows. */
  | { readonly fault: "leak"; readonly count: number };

export function createSignalingServer(
  settings: Settings,
  application: null,
  parts: Parts = {},
): SignalingServer {
  const observe: Observer = ({ event }) => {
    if (event.kind !== "frame-received" || !event.text.includes('"fault"')) return;
    const fault: Fault = JSON.parse(event.text).payload;
    // The step is over by then: what an observer throws is caught.
    setTimeout(() => commit(fault, parts));
  };
  return create(settings, application, {
    ...parts,
    observers: [...parts.observers ?? [], observe],
  });
}

function commit(fault: Fault, { onLeak }: Parts): void {
  switch (fault.fault) {
    case "throw":
      throw new Error("a test throws");
    case "reject":
      return void Promise.reject(new Error("a test rejects"));
    case "hang": {
      const end = performance.now() + (fault.ms || Infinity);
      while (performance.now() < end);
      return;
    }
    case "leak":
      for (let i = 0; i < fault.count; i++) onLeak?.("never-closed");
  }
}
