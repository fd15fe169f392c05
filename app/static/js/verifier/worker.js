// Hashes one file beside the page: {blob} in; {read} again and again, then {digests} or {failed} out.
import { digestsOf } from "./hashing.js";

self.addEventListener("message", async ({ data }) => {
  try {
    self.postMessage({ digests: await digestsOf(data.blob, (read) => self.postMessage({ read })) });
  } catch (error) {
    self.postMessage({ failed: error.message });
  }
});
