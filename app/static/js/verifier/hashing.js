// SHA-256 of a file and the RFC 6962 root of its 64 KiB chunks, in one reading, in memory that hardly grows.
import { sha256 } from "../../vendor/noble.js";
import { concat, hex } from "./bytes.js";
import { nodeHash, root } from "./merkle.js";

const CHUNK = 65_536;
const WHOLE = 64 * 1024 * 1024; // up to here the browser's own SHA-256 gets the file in one piece, which it must

// Return {size, sha256 (hex), chunks, chunkRoot} of a Blob. `told(bytes)` hears how far it is; `signal` (AbortSignal)
// ends it with its reason. Throws what reading throws.
export async function digestsOf(blob, told = () => {}, signal = null) {
  const subtle = globalThis.crypto?.subtle;
  const whole = subtle && blob.size <= WHOLE ? null : sha256.create();
  const kept = [];
  const tree = new ChunkTree();
  const reader = blob.stream().getReader();
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await reader.read();
      if (done) break;
      if (whole) whole.update(value);
      else kept.push(value);
      await tree.update(value, subtle);
      told(tree.size);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
  const digest = whole ? whole.digest() : new Uint8Array(await subtle.digest("SHA-256", concat(...kept)));
  return { size: tree.size, sha256: hex(digest), ...(await tree.finish(subtle)) };
}

class ChunkTree {
  constructor() {
    this.size = 0;
    this.leaves = 0;
    this.full = []; // roots of full subtrees, largest first: one for each bit of `leaves`
    this.open = new Uint8Array(CHUNK + 1); // the leaf being filled, behind its prefix 0x00
    this.filled = 0;
  }

  async update(block, subtle) {
    for (let at = 0; at < block.length; ) {
      const part = block.subarray(at, at + CHUNK - this.filled);
      this.open.set(part, 1 + this.filled);
      this.filled += part.length;
      at += part.length;
      if (this.filled === CHUNK) await this.close(subtle);
    }
    this.size += block.length;
  }

  async close(subtle) {
    const leaf = this.open.subarray(0, 1 + this.filled);
    let found = subtle ? new Uint8Array(await subtle.digest("SHA-256", leaf)) : sha256(leaf);
    for (let carry = this.leaves; carry % 2; carry = Math.floor(carry / 2)) found = nodeHash(this.full.pop(), found);
    this.full.push(found);
    this.leaves++;
    this.filled = 0;
  }

  async finish(subtle) {
    if (this.filled) await this.close(subtle);
    const chunkRoot = this.full.length ? this.full.reduceRight((right, left) => nodeHash(left, right)) : root([]);
    return { chunks: this.leaves, chunkRoot };
  }
}
