// What the verifier takes from other people's libraries; `npm run build` makes one module of it.
export { sha256, sha512 } from "@noble/hashes/sha2.js";
export { Point } from "@noble/ed25519";
