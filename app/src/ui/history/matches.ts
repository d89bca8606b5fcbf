import type { Item } from "../../core/types.ts";
import { shownRequest } from "../shown.ts";
import { STANDINGS } from "../texts.ts";

/** Whether all words of `text` stand somewhere in what is shown of the item. */
export function matches(item: Item, text: string): boolean {
  const wanted = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  if (wanted.length === 0) return true;
  const shown = shownRequest(item);
  const own = [STANDINGS[item.standing], item.id, item.by?.approver ?? "", item.note ?? ""];
  const told = "why" in shown ? [] : [shown.title, shown.code, shown.command];
  const facts = "why" in shown ? [] : shown.lines.map(({ value }) => value);
  const all = [...own, ...told, ...facts].join("\n").toLowerCase();
  return wanted.every((word) => all.includes(word));
}
