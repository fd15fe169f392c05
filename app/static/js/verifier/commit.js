// Salted commitments: SHA-256("ishibumi/commit/v1\0" ‖ u16be length ‖ field ‖ salt ‖ value).
import { sha256 } from "../../vendor/noble.js";
import { concat, same, utf8 } from "./bytes.js";
import { refuse } from "./errors.js";

const DOMAIN = utf8("ishibumi/commit/v1\0");

// Return if `salt` and `value` open the commitment `expected`. Refuses REC-040.
export function checkOpening(field, salt, value, expected) {
  const name = utf8(field);
  const made = sha256(concat(DOMAIN, Uint8Array.of(name.length >> 8, name.length & 255), name, salt, value));
  if (salt.length !== 32 || !same(made, expected)) refuse("REC-040", { field });
}
