// `aisudo run --sealed`, which runs copies of what it names by hash: the twin of aisudo-core's `sealed`.

import { same } from "../../seal/bytes.ts";
import type { Operand, Request } from "../request.ts";
import { askerOf } from "./asker.ts";
import { base, letters, SLASH } from "./paths.ts";

const MOST_SEALED = 16;

/** The hashes of what is copied and run; nothing when this is no sealed run. */
export function sealedIn(request: Request): ReadonlySet<string> | undefined {
  const call = request.call;
  if (call === undefined || call.mode !== "run" || call.chroot !== undefined) return undefined;
  const [own, run, sealed, sha256, hashes, dashes, program] = call.argv;
  if (own === undefined || hashes === undefined || program === undefined) return undefined;
  const said = [run, sealed, sha256, dashes].map((word) => letters(word ?? new Uint8Array()));
  const isForm = said.join(" ") === "run --sealed --sha256 --" && program.includes(SLASH);
  return isForm && isAisudo(request, own) ? hashesIn(letters(hashes)) : undefined;
}

/** Whether a copy of this file runs, and not the file. */
export function isCopied(operand: Operand, sealed: ReadonlySet<string> | undefined): boolean {
  const isRun = operand.role === "program" || operand.role === "argument";
  return isRun && operand.content.kind === "hashed" && sealed?.has(operand.content.sha256) === true;
}

/** Of that name whichever way it is looked at, and nothing that the requester could change. */
function isAisudo(request: Request, own: Uint8Array): boolean {
  const { path, real } = request.program;
  const isNamed = (it: Uint8Array | undefined) => it !== undefined && letters(base(it)) === "aisudo";
  return (
    askerOf(request) === "sudo" && own[0] === SLASH && path !== undefined && same(path, own) && isNamed(own) && isNamed(real) &&
    !request.operands.some((operand) => same(operand.path, own))
  );
}

/** `HASH,HASH`, each once. */
function hashesIn(text: string): ReadonlySet<string> | undefined {
  const hashes = text.split(",");
  const set = new Set(hashes);
  const isList = hashes.length <= MOST_SEALED && set.size === hashes.length;
  return isList && hashes.every((hash) => /^[0-9a-f]{64}$/.test(hash)) ? set : undefined;
}
