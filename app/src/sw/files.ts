// The app's files, kept so that it opens without a network. What is kept is what the build has listed, by
// its hash, and nothing else is ever kept.

/** A file by its URL, relative to the app, and the hash that it must have (Subresource Integrity). */
export type Listed = readonly [url: string, integrity: string];

export interface Files {
  /** Changes with each byte of any file. */
  readonly version: string;
  readonly list: readonly Listed[];
}

const PREFIX = "aisudo-";

/** Fetches all files: either all of them are kept, or the version before stays. */
export async function keep(files: Files, storage: CacheStorage): Promise<void> {
  const cache = await storage.open(PREFIX + files.version);
  await cache.addAll(files.list.map(([url, integrity]) => new Request(url, { integrity, cache: "reload" })));
}

/** Forgets other versions. */
export async function tidy(files: Files, storage: CacheStorage): Promise<void> {
  const ours = (await storage.keys()).filter((name) => name.startsWith(PREFIX));
  const old = ours.filter((name) => name !== PREFIX + files.version);
  await Promise.all(old.map((name) => storage.delete(name)));
}

/** A file as it is kept; nothing when this version has none. */
export async function kept(url: string, files: Files, storage: CacheStorage): Promise<Response | undefined> {
  return (await storage.open(PREFIX + files.version)).match(url);
}

/** The URL of the kept file that answers a request; nothing when it is for the network. */
export function keptFor(request: Request, files: Files, base: string): string | undefined {
  if (request.method !== "GET" || !request.url.startsWith(base)) return undefined;
  const url = new URL(request.url);
  const path = url.origin + url.pathname;
  if (request.mode === "navigate" && path === base) return base;
  return files.list.map(([relative]) => new URL(relative, base).href).find((listed) => listed === path);
}
