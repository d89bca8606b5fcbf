// IndexedDB, in promises. Pages and the service worker use it at the same time: whatever reads in order to
// write does both in one transaction.

import type { Rows } from "./rows.ts";

const NAME = "aisudo";
const VERSION = 1;

const KEYS: Record<keyof Rows, string | string[]> = {
  hosts: "id",
  items: ["host", "id"],
  keys: "host",
  witness: "host",
  outbox: ["host", "id"],
};

export type Store = keyof Rows;
export type Key = string | readonly [host: string, id: string];

/** One transaction. Nothing but its own promises may be awaited while it lives. */
export interface Tx {
  get<S extends Store>(store: S, key: Key): Promise<Rows[S] | undefined>;
  /** All rows of a store, or those of one host where the key begins with it. */
  all<S extends Store>(store: S, host?: string): Promise<Rows[S][]>;
  count(store: Store): Promise<number>;
  put<S extends Store>(store: S, row: Rows[S]): Promise<void>;
  delete(store: Store, key: Key): Promise<void>;
}

export interface Db {
  /** Reads, in one transaction. */
  read<T>(stores: readonly Store[], work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Changes, in one transaction: all of it or nothing, and on disk when it resolves. */
  change<T>(stores: readonly Store[], work: (tx: Tx) => Promise<T>): Promise<T>;
  close(): void;
}

/** Opens the database, when it is needed and again when another version took it away. */
export function openDb(factory: IDBFactory = indexedDB, name = NAME): Db {
  let opening: Promise<IDBDatabase> | undefined;
  const forget = () => {
    opening = undefined;
  };
  const opened = () => {
    opening ??= open(factory, name, forget).catch((error: unknown) => {
      forget();
      throw error;
    });
    return opening;
  };
  const run = async <T>(mode: IDBTransactionMode, stores: readonly Store[], work: (tx: Tx) => Promise<T>) => {
    const db = await opened();
    return transact(db.transaction([...stores], mode, { durability: "strict" }), work);
  };
  return {
    read: (stores, work) => run("readonly", stores, work),
    change: (stores, work) => run("readwrite", stores, work),
    close: () => {
      opening?.then((db) => db.close(), () => undefined);
      forget();
    },
  };
}

function open(factory: IDBFactory, name: string, gone: () => void): Promise<IDBDatabase> {
  const request = factory.open(name, VERSION);
  request.onupgradeneeded = () => {
    for (const [store, keyPath] of Object.entries(KEYS)) {
      if (request.result.objectStoreNames.contains(store)) continue;
      request.result.createObjectStore(store, { keyPath });
    }
  };
  return answerOf(request).then((db) => {
    // A newer version of the app wants it: it shall not wait for this page.
    db.onversionchange = () => {
      db.close();
      gone();
    };
    db.onclose = gone;
    return db;
  });
}

async function transact<T>(tx: IDBTransaction, work: (tx: Tx) => Promise<T>): Promise<T> {
  const done = new Promise<void>((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error ?? new DOMException("aborted", "AbortError"));
  });
  // Whoever waits for `work` hears of its failure first.
  done.catch(() => undefined);
  try {
    const result = await work(over(tx));
    await done;
    return result;
  } catch (error) {
    abort(tx);
    throw error;
  }
}

function abort(tx: IDBTransaction): void {
  try {
    tx.abort();
  } catch {
    // It is over already.
  }
}

function over(tx: IDBTransaction): Tx {
  const keyOf = (key: Key): IDBValidKey => (typeof key === "string" ? key : [...key]);
  return {
    get: (store, key) => answerOf(tx.objectStore(store).get(keyOf(key))),
    // An array comes after all texts: the range holds each pair that begins with this host.
    all: (store, host) => {
      const range = host === undefined ? null : IDBKeyRange.bound([host], [host, []]);
      return answerOf(tx.objectStore(store).getAll(range));
    },
    count: (store) => answerOf(tx.objectStore(store).count()),
    put: async (store, row) => {
      await answerOf(tx.objectStore(store).put(row));
    },
    delete: async (store, key) => {
      await answerOf(tx.objectStore(store).delete(keyOf(key)));
    },
  };
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new DOMException("failed", "UnknownError"));
  });
}
