// What is said between a host and this phone, whoever carries it: the twin of crates/aisudo-seal. Both
// run vectors/seal.json. No DOM, no storage, no network.

export { base64url, type Bytes, fromBase64url, hex, Refused, type Why } from "./bytes.ts";
export {
  type Envelope,
  type Kind,
  type Opened,
  open,
  parse,
  type Random,
  seal,
  SIZES,
} from "./envelope.ts";
export { type BoxKey, boxKeyFrom, boxKeyOf, checkPublicKey, keyId, keyName } from "./keys.ts";
export { answerLink, type Heard, hear, type Link, readLink, type Waiting } from "./pairing.ts";
export {
  challenge,
  type DeviceKey,
  MAX_NOTE_BYTES,
  type Proof,
  readStatement,
  type Signer,
  signedStatement,
  signerFrom,
  signerOf,
  type Statement,
  statementBytes,
  type Verdict,
} from "./statement.ts";
