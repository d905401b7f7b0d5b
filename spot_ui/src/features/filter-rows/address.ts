/** Telling addresses from names. */

const OCTET = "(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)";
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

/** Whether a text is an IPv4 address in dotted form. */
export function isIpv4(text: string): boolean {
  return IPV4.test(text);
}

/** Number of 16-bit groups that one side of an IPv6 address holds, or NaN when it is malformed. */
function groups(side: string): number {
  if (side === "") return 0;
  const pieces = side.split(":");
  const last = pieces[pieces.length - 1] as string;
  const tail = last.includes(".") ? (isIpv4(last) ? 2 : Number.NaN) : 1;
  const heads = last.includes(".") ? pieces.slice(0, -1) : pieces;
  if (!heads.every((piece) => /^[0-9a-f]{1,4}$/i.test(piece))) return Number.NaN;
  return pieces.length - 1 + tail;
}

/** Whether a text is an IPv6 address, compressed or not, without a zone. */
export function isIpv6(text: string): boolean {
  const sides = text.split("::");
  if (sides.length > 2) return false;
  const total = groups(sides[0] as string) + (sides.length === 2 ? groups(sides[1] as string) : 0);
  return sides.length === 2 ? total <= 7 && (sides[0] !== "" || !text.startsWith(":::")) : total === 8;
}

/** Whether a text is an IPv4 or IPv6 address. */
export function isAddress(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}
