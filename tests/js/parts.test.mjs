// Parts where a browser could be laxer than the Python verifier: JSON, keys, signatures, policies, times.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Point, sha512 } from "../../app/static/vendor/noble.js";
import { base64, concat, decodeBase64, fromHex, hex, utf8 } from "../../app/static/js/verifier/bytes.js";
import { isSafeKey, verify, verifyPlain } from "../../app/static/js/verifier/ed25519.js";
import { canonical, parse, parseCanonical } from "../../app/static/js/verifier/jcs.js";
import { PublicKey } from "../../app/static/js/verifier/keys.js";
import { sorted } from "../../app/static/js/verifier/given.js";
import { climb, leafHash, pathSides, root } from "../../app/static/js/verifier/merkle.js";
import { escaped } from "../../app/static/js/verifier/names.js";
import { decodeDecimal } from "../../app/static/js/verifier/note.js";
import { Policy } from "../../app/static/js/verifier/policy.js";
import { parseTime } from "../../app/static/js/verifier/statements.js";
import { errorSentence, spoken, verdictSentence } from "../../app/static/js/verifier/words.js";

const refusal = (code) => ({ code });
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

test("JSON that two readers could read differently is refused", () => {
  const bad = [
    '{"a":1,"a":2}', '{"a":1,"\\u0061":2}', "1.0", "1e2", "-0", "01", "9007199254740992", "-9007199254740992", "NaN",
    "-Infinity", "\ufeff1", "[1,]", '{"a":1,}', "{a:1}", "'a'", "1 1", "", '"\t"', '"\\x41"', '"\\ud800"', '"\u0085"',
    '"e\u0301"', '"\u202e"', '"\\u200f"', '"\\u0000"', "[[[[[[[[1]]]]]]]]", "tru", '"', "[", '"\\u00g0"', "1_000", "+1",
  ];
  for (const text of bad) assert.throws(() => parse(utf8(text)), refusal("REC-002"), text);
  for (const raw of [[0xff], [0xc0, 0x80], [0x22, 0xed, 0xa0, 0x80, 0x22]]) {
    assert.throws(() => parse(Uint8Array.from(raw)), refusal("REC-002"));
  }
  assert.throws(() => parse(new Uint8Array(11), 10), refusal("REC-001"));
  assert.deepEqual(parse(utf8("[[[[[[[[]]]]]]]]")).flat(8), []);
  assert.equal(parse(utf8(' "a\\nb" ')), "a\nb");
  assert.equal(parse(utf8("-9007199254740991")), -9007199254740991);
  assert.equal(parse(utf8('{"__proto__":1}')).get("__proto__"), 1);
});

test("the canonical form is RFC 8785's", () => {
  const text = '{"\\"":1,"10":[],"9":{},"é":"\\\\","😀":null,"\uff21":true}';
  assert.equal(canonical(parse(utf8(text))), text); // keys by UTF-16 units: U+1F600 before U+FF21
  assert.throws(() => parseCanonical(utf8('{"b":1,"a":2}')), refusal("REC-003"));
  assert.throws(() => parseCanonical(utf8('"\\u0041"')), refusal("REC-003"));
});

test("base64 has one spelling", () => {
  for (const bytes of [[], [0], [255, 254], [1, 2, 3], [1, 2, 3, 4]]) {
    assert.deepEqual([...decodeBase64(base64(Uint8Array.from(bytes)))], bytes);
  }
  for (const text of ["A", "AA", "AB==", "AAB=", "====", "AA==AA==", "A-__", " AA=", "A===", "AAAé"]) {
    assert.equal(decodeBase64(text), null, text);
  }
});

test("keys that prove nothing are refused: small order, not canonical, not on the curve", () => {
  const { p } = Point.CURVE();
  const eighth = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;
  for (const y of [0n, 1n, p - 1n, eighth, p - eighth]) {
    for (const sign of [0n, 1n]) assert.equal(isSafeKey(little(y | (sign << 255n))), false, String(y));
  }
  assert.equal(isSafeKey(little(p)), false);
  assert.equal(isSafeKey(little(p + 3n)), false);
  assert.equal(isSafeKey(little(2n)), false);
  assert.equal(isSafeKey(Point.BASE.toBytes()), true);
  const identity = concat(Uint8Array.of(1), little(1n));
  const vkey = `a+00000000+${base64(identity)}`;
  assert.throws(() => PublicKey.parse(vkey), refusal("REC-102"));
});

test("signatures: RFC 8032's is right; S + L, a changed bit, another length are not", async () => {
  const key = fromHex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const good = fromHex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  );
  const message = Uint8Array.of(0x72);
  const scalar = BigInt(`0x${hex(good.slice(32).reverse())}`);
  const more = concat(good.subarray(0, 32), little(scalar + L));
  const flipped = good.map((byte, at) => (at === 3 ? byte ^ 1 : byte));
  for (const [signature, right] of [[good, true], [more, false], [flipped, false], [good.subarray(1), false]]) {
    assert.equal(await verify(key, message, signature), right);
    assert.equal(verifyPlain(key, message, signature), right);
  }
});

test("a component of small order does not pass in either way of checking", async () => {
  // A = 8-torsion + a·B and R, S honest for a·B: with the cofactor this passes, without it it does not.
  const torsion = Point.fromBytes(little(2707385501144840649318225287225658788936804267575313519463743609750303402022n));
  const key = Point.BASE.multiply(5n).add(torsion);
  assert.equal(isSafeKey(key.toBytes()), true); // as OpenSSL: of mixed order, and not refused
  const message = utf8("m");
  let differ = 0;
  for (let nonce = 1n; nonce < 9n; nonce++) {
    const first = Point.BASE.multiply(nonce + 10n).toBytes();
    const k = BigInt(`0x${hex(sha512(concat(first, key.toBytes(), message)).reverse())}`) % L;
    const signature = concat(first, little((nonce + 10n + k * 5n) % L));
    const right = k % 8n === 0n;
    assert.equal(verifyPlain(key.toBytes(), message, signature), right);
    assert.equal(await verify(key.toBytes(), message, signature), right);
    differ += !right;
  }
  assert.ok(differ > 0);
});

test("trees: every leaf of small trees leads to the root, and sizes beyond 2^53 are exact", () => {
  for (let size = 1; size < 20; size++) {
    const leaves = Array.from({ length: size }, (_, at) => leafHash(Uint8Array.of(at)));
    for (let index = 0; index < size; index++) {
      assert.deepEqual(climb(leaves[index], index, size, way(leaves, index)), root(leaves));
    }
  }
  assert.equal(pathSides(2n ** 62n, 2n ** 62n + 1n).length, 1);
  assert.throws(() => pathSides(5, 5), refusal("LED-020"));
  assert.throws(() => pathSides(0n, 2n ** 63n), refusal("LED-020"));
  assert.throws(() => climb(leafHash(utf8("")), 0, 2, []), refusal("LED-021"));
});

test("numbers, times and names", () => {
  assert.equal(decodeDecimal("9223372036854775807"), 2n ** 63n - 1n);
  for (const text of ["", "00", "01", "-1", "+1", " 1", "9223372036854775808", "1e3"]) assert.equal(decodeDecimal(text), null);
  assert.equal(parseTime("time", "2024-02-29T23:59:59Z"), Date.UTC(2024, 1, 29, 23, 59, 59));
  const none = ["2023-02-29T00:00:00Z", "2024-04-31T00:00:00Z", "2024-01-01T24:00:00Z", "0000-01-01T00:00:00Z"];
  for (const text of [...none, "2024-01-01", null]) assert.throws(() => parseTime("time", text), refusal("REC-020"));
  assert.equal(escaped("a\u202eb\u0000\u200b"), "a\\u202eb\\u0000\\u200b");
});

test("policies are read strictly", () => {
  for (const text of ["", "quorum none", "quorum none\nquorum none\n", "log x\nquorum none\n", "group g 1 a\nquorum none\n", "\r\n"]) {
    assert.throws(() => new Policy(utf8(text)), refusal("LED-050"), text);
  }
  assert.equal(new Policy(utf8("# nothing\nquorum none\n")).quorum, "none");
});

test("what is dropped is told apart by content", async () => {
  const policy = "log a.example/log+0f31465b+AYy2\nquorum none\n";
  const given = await sorted([
    new File(["name,height\n"], "a.csv"),
    new File(['{"log x": "quorum none"}'], "b.json"),
    new File([' {"format": "ishibumi-evidence/1"}'], "evidence"),
    new File([policy], "c.txt"),
  ]);
  assert.deepEqual(given.files.map(({ name }) => name), ["a.csv", "b.json"]);
  assert.equal(given.evidence.name, "evidence");
  assert.equal(given.policy.name, "c.txt");
});

test("sentences are filled, a title is told in the reader's language", () => {
  const words = { errors: { "VER-013": "type {type}, {other}" }, sentences: { broken: "no", untrusted: "log {vkey}" } };
  const error = { code: "VER-013", params: { type: "$&{other}" } };
  assert.equal(errorSentence(words, error), "type $&{other}, {other}");
  assert.equal(verdictSentence(words, { verdict: "broken", facts: null, error }), "no");
  const facts = { version: 1, logVkey: "k", witnesses: [], row: null, erased: null, doubtfulFrom: null };
  assert.equal(verdictSentence(words, { verdict: "undetermined", facts, error }), "log k");
  const texts = new Map([["ja", "避難所"], ["en", "Shelters"]]);
  assert.deepEqual(spoken(texts, "en"), ["en", "Shelters"]);
  assert.deepEqual(spoken(texts, "zh-Hant"), ["ja", "避難所"]);
});

function little(number) {
  return fromHex(number.toString(16).padStart(64, "0")).reverse();
}

function way(leaves, index) {
  if (leaves.length === 1) return [];
  const middle = 2 ** (31 - Math.clz32(leaves.length - 1));
  return index < middle
    ? [...way(leaves.slice(0, middle), index), root(leaves.slice(middle))]
    : [...way(leaves.slice(middle), index - middle), root(leaves.slice(0, middle))];
}
