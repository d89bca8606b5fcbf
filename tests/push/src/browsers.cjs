// The browsers behind the push service, and the push service's check of who sends. One call a line, one
// answer a line, both JSON; bytes are in hex. Started with the path of the package http_ece.
"use strict";

const crypto = require("node:crypto");
const readline = require("node:readline");
const ece = require(process.argv[2]);

const DAY_S = 86400;
const HEADER_BYTES = 16 + 4 + 1 + 65;

const browsers = new Map();

const calls = {
  // A new browser, which takes messages of this application server alone.
  subscribe({ id, serverKey }) {
    const keys = crypto.createECDH("prime256v1");
    const p256dh = keys.generateKeys("base64url");
    const auth = crypto.randomBytes(16);
    browsers.set(id, { keys, auth, serverKey: Buffer.from(serverKey, "hex") });
    return { p256dh, auth: auth.toString("base64url") };
  },

  // RFC 8292.
  verify({ id, authorization, origin }) {
    const parts = /^vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), k=([\w-]+)$/.exec(authorization);
    demand(parts, "not of the form: vapid t=…, k=…");
    const [, header, claims, signature, sender] = parts;
    const { serverKey } = browsers.get(id);
    demand(sender === serverKey.toString("base64url"), "subscribed for another key");
    const key = {
      key: crypto.createPublicKey({
        format: "jwk",
        key: {
          kty: "EC",
          crv: "P-256",
          x: serverKey.subarray(1, 33).toString("base64url"),
          y: serverKey.subarray(33).toString("base64url"),
        },
      }),
      dsaEncoding: "ieee-p1363",
    };
    const signed = Buffer.from(`${header}.${claims}`);
    const isSigned = crypto.verify("sha256", signed, key, Buffer.from(signature, "base64url"));
    demand(isSigned, "the signature is wrong");
    const { typ, alg } = parse(header);
    demand(typ === "JWT" && alg === "ES256", "not a JWT of ES256");
    const { aud, exp, sub } = parse(claims);
    demand(aud === origin, `aud is ${aud}`);
    const left = exp - Date.now() / 1000;
    demand(Number.isInteger(exp) && left > 0 && left <= DAY_S, `exp is in ${left} s`);
    demand(/^(mailto:[^@\s]+@[^@\s]+|https:\/\/\S+)$/.test(sub), `sub is ${sub}`);
    return { sub, exp };
  },

  // RFC 8291: one record.
  decrypt({ id, body }) {
    const bytes = Buffer.from(body, "hex");
    demand(bytes.length > HEADER_BYTES && bytes[20] === 65, "not one key and one record");
    demand(bytes.length - HEADER_BYTES <= bytes.readUInt32BE(16), "more than one record");
    const { keys, auth } = browsers.get(id);
    const options = { version: "aes128gcm", privateKey: keys, authSecret: auth };
    return { payload: ece.decrypt(bytes, options).toString("hex") };
  },
};

function demand(condition, why) {
  if (!condition) {
    throw new Error(why);
  }
}

function parse(part) {
  return JSON.parse(Buffer.from(part, "base64url").toString());
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { call, ...parameters } = JSON.parse(line);
  let answer;
  try {
    answer = { ok: calls[call](parameters) };
  } catch (error) {
    answer = { error: error.message };
  }
  console.log(JSON.stringify(answer));
});
