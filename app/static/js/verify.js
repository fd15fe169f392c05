// Computes the SHA-256 of a chosen or dropped file here, in the browser, and asks for the answer to that hash alone.
// No byte of the file is sent anywhere.
const MOST = 512 * 1024 * 1024; // one buffer of WebCrypto; above it browsers fail
const drop = document.getElementById("drop");
const input = document.getElementById("file");
const progress = document.getElementById("progress");
const say = (name, parts = {}) => {
  progress.textContent = drop.dataset[name].replace(/\{(\w+)\}/g, (whole, part) => parts[part] ?? whole);
};

async function check(file) {
  if (file.size > MOST) return say("large");
  say("reading", { name: file.name });
  try {
    const bytes = await file.arrayBuffer();
    say("hashing", { size: (file.size / 1e6).toFixed(1) });
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    location.assign(`/verify?hash=${hash}`);
  } catch (error) {
    say("failed", { why: error.message });
  }
}

if (drop && globalThis.crypto?.subtle) {
  drop.hidden = false;
  input.addEventListener("change", () => input.files[0] && check(input.files[0]));
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files[0]) check(event.dataTransfer.files[0]);
  });
}
