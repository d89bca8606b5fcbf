// Storage: what is read in order to be written is one step, whoever else writes.

import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { expect, test } from "vitest";

import { type Db, openDb } from "../src/core/db.ts";
import type { OutboxRow } from "../src/core/rows.ts";

globalThis.IDBKeyRange = IDBKeyRange;

const ROW: OutboxRow = {
  ...{ host: "a", id: "1", digest: "d", verdict: "deny", signed: new Uint8Array(3) },
  ...{ deadlineMs: 0, busyUntilMs: 0 },
};

const add = (db: Db) =>
  db.change(["outbox"], async (tx) => {
    const row = (await tx.get("outbox", ["a", "1"])) ?? ROW;
    await tx.put("outbox", { ...row, deadlineMs: row.deadlineMs + 1 });
  });

const get = (db: Db) => db.read(["outbox"], (tx) => tx.get("outbox", ["a", "1"]));

test("a page and a worker change the same row, and no change is lost", async () => {
  const factory = new IDBFactory();
  const [page, worker] = [openDb(factory), openDb(factory)];
  await Promise.all(Array.from({ length: 40 }, (_, at) => add(at % 2 === 0 ? page : worker)));
  expect((await get(page))?.deadlineMs).toBe(40);
});

test("what fails half-way has not been", async () => {
  const db = openDb(new IDBFactory());
  await add(db);
  const failing = db.change(["outbox", "hosts"], async (tx) => {
    await tx.put("outbox", { ...ROW, deadlineMs: 99 });
    throw new Error("half-way");
  });
  await expect(failing).rejects.toThrow("half-way");
  expect((await get(db))?.deadlineMs).toBe(1);
});

test("what cannot be stored fails, and leaves what was there", async () => {
  const db = openDb(new IDBFactory());
  await add(db);
  const odd = { ...ROW, signed: (() => 1) as unknown as OutboxRow["signed"] };
  await expect(db.change(["outbox"], (tx) => tx.put("outbox", odd))).rejects.toThrow();
  expect((await get(db))?.deadlineMs).toBe(1);
});

test("rows of one host are those of that host", async () => {
  const db = openDb(new IDBFactory());
  await db.change(["outbox"], async (tx) => {
    for (const host of ["a", "ab", "b"]) {
      for (const id of ["1", "2"]) await tx.put("outbox", { ...ROW, host, id });
    }
  });
  const of = async (host?: string) => {
    const rows = await db.read(["outbox"], (tx) => tx.all("outbox", host));
    return rows.map((row) => row.host + row.id);
  };
  expect(await of("a")).toEqual(["a1", "a2"]);
  expect(await of("c")).toEqual([]);
  expect(await of()).toEqual(["a1", "a2", "ab1", "ab2", "b1", "b2"]);
  expect(await db.read(["outbox"], (tx) => tx.count("outbox"))).toBe(6);
});

test("a newer version of the app is not kept waiting, and an older page goes on when it can", async () => {
  const factory = new IDBFactory();
  const db = openDb(factory);
  await add(db);
  const newer = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = factory.open("aisudo", 2);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("failed"));
  });
  newer.close();
  // This page is too old for what is there now.
  await expect(get(db)).rejects.toThrow();
});
