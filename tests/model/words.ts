/**
 * The small change of the reference model: what a value is called in a sentence, how long a text is, which
 * addresses count as one. Like the model it is written from `core/SPEC.md` and takes no value from core/.
 *
 * @module
 */

/** The value of a JSON text, or `undefined` where it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The JSON text of a value, or `null` where it is nested too deeply. */
export function encode(value: object): string | null {
  try {
    return JSON.stringify(value);
  } catch {
    return null;
  }
}

/** A field that an object has itself. */
export function ownField(object: object, name: string): unknown {
  return Object.entries(object).find(([key]) => key === name)?.[1];
}

/** Texts: what a `<value>` is called. */
export function excerpt(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value !== "string") return String(value);
  const quoted = value.length > 40
    ? `${JSON.stringify(value.slice(0, 40)).slice(0, -1)}…"`
    : JSON.stringify(value);
  return quoted.replaceAll(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** How many bytes a text has as UTF-8; half of a surrogate pair is sent as U+FFFD, of three bytes. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/**
 * LIMIT-10: what an address counts as: itself, its /64 whatever its zone, or the IPv4 address in IPv6 clothes.
 * What is no address counts for itself.
 */
export function addressGroup(address: string): string {
  if (!address.includes(":") || address.includes(":::")) return address;
  const [head = "", tail] = address.replace(/%.*/, "").split("::");
  const first = groupsOf(head);
  const last = groupsOf(tail ?? "");
  const gap = tail === undefined ? 0 : 8 - first.length - last.length;
  const groups = [...first, ...new Array<number>(Math.max(gap, 0)).fill(0), ...last];
  if (groups.length !== 8 || !groups.every((group) => group <= 0xffff)) return address;
  const [, , , , , sixth = 0, high = 0, low = 0] = groups;
  if (sixth === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return [high >> 8, high & 255, low >> 8, low & 255].join(".");
  }
  return groups.slice(0, 4).map((group) => group.toString(16)).join(":");
}

/** The groups of 16 bits that a half of an address names, an IPv4 address at its end as two of them. */
function groupsOf(half: string): number[] {
  return half.split(":").filter((group) => group !== "").flatMap((group) => {
    if (!group.includes(".")) return [parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
