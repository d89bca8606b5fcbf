// What this phone shows of a request comes from its frozen bytes, and from nowhere else.

export { code, requestDigest } from "./digest.ts";
export { type Mark, type Shown, text, word, words } from "./display.ts";
export { type Changeable, type Facts, facts } from "./facts.ts";
export { Unreadable } from "./json.ts";
export { type Request, readRequest } from "./request.ts";
export { type Label, type Line, type View, view } from "./view.ts";
