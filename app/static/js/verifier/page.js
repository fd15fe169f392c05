// /verify: a file alone is looked up by its hash at this node; with its evidence it is checked here.
import { openDesk } from "./desk.js";

const words = JSON.parse(document.getElementById("words").textContent);
const { worker } = document.getElementById("drop").dataset;

openDesk(document, words, {
  lookUp: (sha256) => location.assign(`/verify?hash=${sha256}`),
  startWorker: () => new Worker(worker),
});
