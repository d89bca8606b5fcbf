// Which screen the address names.

export type Route =
  | { readonly screen: "inbox" | "history" | "hosts" | "about" }
  | { readonly screen: "request"; readonly host: string; readonly id: string }
  | { readonly screen: "host"; readonly host: string }
  /** `link` is what the address held; nothing when it is to be pasted. */
  | { readonly screen: "pair"; readonly link: string | undefined };

const PAIR = "#pair=";

/** Reads `location.hash`. What it does not know is the inbox. */
export function routeOf(hash: string): Route {
  if (hash.startsWith(PAIR)) return { screen: "pair", link: hash };
  const [screen, first, second, ...more] = hash.replace(/^#\/?/, "").split("/").map(decoded);
  if (more.length > 0) return { screen: "inbox" };
  if (screen === "r" && first && second) return { screen: "request", host: first, id: second };
  if (screen === "h" && first && second === undefined) return { screen: "host", host: first };
  if (first !== undefined) return { screen: "inbox" };
  if (screen === "pair") return { screen, link: undefined };
  if (screen === "history" || screen === "hosts" || screen === "about") return { screen };
  return { screen: "inbox" };
}

export const toInbox = "#/";
export const toHistory = "#/history";
export const toHosts = "#/hosts";
export const toPair = "#/pair";
export const toAbout = "#/about";
export const toHost = (host: string): string => `#/h/${encodeURIComponent(host)}`;
export const toRequest = (host: string, id: string): string =>
  `#/r/${encodeURIComponent(host)}/${encodeURIComponent(id)}`;

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
