// What the core of the app (keys, storage, messages) and its screens say to each other. Screens hold no
// state of hosts or requests of their own: they show a `Snapshot`, and call `Core`.

import type { Kind, Verdict } from "../seal/index.ts";

export type SignerKind = "ed25519" | "passkey";

/** A host that this phone is paired with. */
export interface Host {
  /** Its key's name: 16 hexadecimal digits. */
  readonly id: string;
  /** Its own name for itself; as it came. Screens show it through `show`. */
  readonly name: string;
  /** The origin that it is reached at. */
  readonly address: string;
  readonly pairedAtMs: number;
  /** By what this phone signs for it. */
  readonly signer: SignerKind;
  /** This phone's signing key there, by its name. */
  readonly device: string;
  readonly label: string;
  readonly link: "connected" | "connecting" | "offline" | "revoked";
  /** When something came from it last. */
  readonly heardAtMs?: number;
  readonly push: "on" | "off" | "blocked" | "unsupported" | "broken" | "not offered";
  /** Its audit log as this phone knows it. */
  readonly log?: { readonly count: number; readonly hash: string };
  /** Its log went back, or another one took its place. Stays until it is dismissed by a person. */
  readonly alarm?: { readonly kind: "back" | "fork"; readonly atMs: number; readonly count: number };
  /** All devices that root lists there, as the host says. */
  readonly devices: readonly ListedDevice[];
}

export interface ListedDevice {
  readonly key: string;
  readonly approver: string;
  readonly label: string;
  readonly kind: SignerKind;
  readonly listens: boolean;
}

/** Where a request stands, as far as this phone knows. Honest: each is something that was really heard. */
export type Standing =
  | "waits" // for an answer
  | "sending" // this phone's answer is on its way
  | "unsent" // it could not be sent: will be tried again until the deadline
  | "taken" // the host has taken this phone's answer
  | "approved" // somebody said yes, it has not run yet
  | "denied"
  | "ran" // sudo let it through
  | "unused" // approved, and never picked up
  | "expired"
  | "cancelled"
  | "late" // this phone's answer came too late, or another was first
  | "over"; // over, and the host no longer says how

/** A request, with its frozen bytes. Everything that is shown of it comes from these. */
export interface Item {
  readonly host: string;
  /** The request's id, out of its bytes. */
  readonly id: string;
  readonly code: string;
  /** The frozen bytes, as text. */
  readonly request: string;
  /** Of these bytes, computed here; 64 hexadecimal digits. */
  readonly digest: string;
  readonly nonce: string;
  readonly askedAtMs: number;
  /** By this phone's clock. */
  readonly deadlineMs: number;
  readonly standing: Standing;
  /** Who decided, if somebody did: the host's word. */
  readonly by?: { readonly approver: string; readonly thisPhone: boolean };
  /** The answer given on this phone. */
  readonly answer?: { readonly verdict: Verdict; readonly note: string; readonly atMs: number };
  readonly note?: string;
  readonly endedAtMs?: number;
}

export interface Snapshot {
  /** Whether storage has been read. */
  readonly ready: boolean;
  readonly hosts: readonly Host[];
  /** Newest first; those that wait and the last 500 others. */
  readonly items: readonly Item[];
  /** What this browser can do. */
  readonly can: { readonly passkey: boolean; readonly push: boolean; readonly safeKeys: boolean };
  /** Something went wrong that a person should know: one line that says what to do. */
  readonly trouble?: string;
}

/** A link that was read, before anything is answered. */
export interface Invitation {
  readonly hostName: string;
  readonly hostKey: string;
  readonly address: string;
  readonly expiresMs: number;
  /** Whether this phone already knows this host's key. */
  readonly known: boolean;
}

/** The steps of pairing after the person has said yes to an invitation. */
export type PairingStep =
  | { readonly step: "answering" }
  | { readonly step: "words"; readonly words: string } // to be compared with the host's terminal
  | { readonly step: "paired"; readonly host: string }
  | { readonly step: "refused" }
  | { readonly step: "failed"; readonly why: string }; // one line that says what to do

export type ContentAnswer =
  | { readonly kind: "text"; readonly text: string } // its hash is right; still to be shown through `show`
  | { readonly kind: "bytes"; readonly size: number } // its hash is right, it is no text
  | { readonly kind: "gone" } // the host does not have it
  | { readonly kind: "wrong" }; // its hash is not what the request says

export interface Core {
  snapshot(): Snapshot;
  /** Called after each change; returns how to stop. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void;
  /** Reads a link's fragment (`#pair=…`) or a pasted whole link; nothing when it is none. */
  invitation(text: string): Invitation | undefined;
  /** Answers the invitation. Steps come until `paired`, `refused` or `failed`; `stop` gives up. */
  pair(text: string, label: string, signer: SignerKind, step: (step: PairingStep) => void): { stop(): void };
  /**
   * Gives an answer. `digest` is that of the request which was on the screen: if the item is another by now,
   * nothing is signed. Resolves when the host has taken it, or it is clear why not; `standing` tells.
   */
  decide(host: string, id: string, digest: string, verdict: Verdict, note: string): Promise<void>;
  /** Tells the host that a person looked at it. */
  shown(host: string, id: string): void;
  content(host: string, id: string, sha256: string): Promise<ContentAnswer>;
  /** Asks the browser for pushes, and tells the host. Call from a tap. */
  enablePush(host: string): Promise<void>;
  disablePush(host: string): Promise<void>;
  /** Forgets a host, its keys and its history. Root's list is not changed by it. */
  forget(host: string): Promise<void>;
  dismissAlarm(host: string): Promise<void>;
  clearHistory(): Promise<void>;
  retry(): void;
}

export type { Kind, Verdict };
