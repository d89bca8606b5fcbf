// Storage as screens see it: what has changed is read again, and nothing else.

import type { Db } from "./db.ts";
import type { HostRow, ItemRow, WitnessRow } from "./rows.ts";
import { isOver } from "./standing.ts";
import type { Host, Item, Snapshot } from "./types.ts";
import type { Link, News } from "./world.ts";

/** How many requests that are over are shown. */
const SHOWN = 500;

const NO_STORAGE = "This browser's storage does not work: leave private browsing, or reload.";

export interface Mirror {
  snapshot(): Snapshot;
  subscribe(listener: (snapshot: Snapshot) => void): () => void;
  /** Hears what has changed. */
  hear(news: News): void;
  /** What a person did has failed; or the next thing is begun, and that is forgotten. */
  failed(line: string | undefined): void;
  /** A person has seen what went wrong. */
  forgetTrouble(): void;
  setCan(can: Snapshot["can"]): void;
  /** The rows of the hosts, as they were read last. */
  hosts(): readonly HostRow[];
  /** Resolves when everything that was heard so far has been read. */
  idle(): Promise<void>;
}

export function mirror(db: Db, pushState: (row: HostRow) => Host["push"]): Mirror {
  const listeners = new Set<(snapshot: Snapshot) => void>();
  const links = new Map<string, Link>();
  const items = new Map<string, Item>();
  const stale = { hosts: true, all: true, items: new Map<string, readonly [string, string]>() };
  let hosts: readonly { readonly row: HostRow; readonly heard: WitnessRow | undefined }[] = [];
  let state: Snapshot = {
    ...{ ready: false, hosts: [], items: [] },
    can: { passkey: false, push: false, safeKeys: true },
  };
  let troubles: { readonly told?: string | undefined; readonly failed?: string | undefined } = {};
  let reading: Promise<void> | undefined;

  const show = (change: Partial<Snapshot>) => {
    state = { ...state, ...change };
    for (const listener of listeners) listener(state);
  };
  const showTrouble = (now: typeof troubles) => {
    troubles = now;
    const { trouble: _, ...calm } = state;
    state = calm;
    const line = troubles.told ?? troubles.failed;
    show(line === undefined ? {} : { trouble: line });
  };
  const showHosts = () =>
    hosts.map(({ row, heard }) => toHost(row, heard, links.get(row.id) ?? "connecting", pushState(row)));
  const showItems = () => {
    const sorted = [...items.values()].sort((one, other) => other.askedAtMs - one.askedAtMs);
    let over = 0;
    return sorted.filter(({ standing }) => !isOver(standing) || (over += 1) <= SHOWN);
  };

  const readOnce = async () => {
    const wanted = { ...stale, items: [...stale.items.values()] };
    stale.hosts = stale.all = false;
    stale.items.clear();
    await db.read(["hosts", "witness", "items"], async (tx) => {
      if (wanted.hosts) {
        const heard = new Map((await tx.all("witness")).map((row) => [row.host, row]));
        const rows = await tx.all("hosts");
        rows.sort((one, other) => one.pairedAtMs - other.pairedAtMs);
        hosts = rows.map((row) => ({ row, heard: heard.get(row.id) }));
      }
      if (wanted.all) {
        items.clear();
        for (const row of await tx.all("items")) items.set(`${row.host}/${row.id}`, toItem(row));
        return;
      }
      for (const key of wanted.items) {
        const row = await tx.get("items", key);
        if (row === undefined) items.delete(key.join("/"));
        else items.set(key.join("/"), toItem(row));
      }
    });
    const changed = wanted.all || wanted.items.length > 0;
    show({ ready: true, hosts: showHosts(), ...(changed && { items: showItems() }) });
  };
  const read = async () => {
    try {
      while (stale.hosts || stale.all || stale.items.size > 0) await readOnce();
    } catch {
      stale.hosts = stale.all = true;
      showTrouble({ ...troubles, told: NO_STORAGE });
    } finally {
      // In the same step as the last look at what is stale: nothing can be missed in between.
      reading = undefined;
    }
  };
  const start = () => {
    reading ??= Promise.resolve().then(read);
  };
  start();

  return {
    snapshot: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    hear: (news) => {
      if (news.what === "link") {
        links.set(news.host, news.link);
        show({ hosts: showHosts() });
      } else if (news.what === "trouble") {
        showTrouble({ ...troubles, told: news.line });
      } else if (news.what === "hosts" || news.what === "item" || news.what === "items") {
        if (news.what === "item") stale.items.set(`${news.host}/${news.id}`, [news.host, news.id]);
        else stale[news.what === "hosts" ? "hosts" : "all"] = true;
        start();
      }
    },
    failed: (line) => showTrouble({ ...troubles, failed: line }),
    forgetTrouble: () => showTrouble({}),
    setCan: (can) => show({ can }),
    hosts: () => hosts.map(({ row }) => row),
    idle: async () => {
      while (reading !== undefined) await reading;
    },
  };
}

function toItem({ reply: _, ...item }: ItemRow): Item {
  return item;
}

function toHost(row: HostRow, heard: WitnessRow | undefined, link: Link, push: Host["push"]): Host {
  const { id, name, address, pairedAtMs, signer, device, label, devices } = row;
  const top = heard?.log.top;
  return {
    ...{ id, name, address, pairedAtMs, signer, device, label, devices, push },
    link: row.revoked ? "revoked" : link,
    ...(row.heardAtMs !== undefined && { heardAtMs: row.heardAtMs }),
    ...(top && { log: { count: top.count, hash: top.hash } }),
    ...(row.alarm && { alarm: row.alarm }),
  };
}
