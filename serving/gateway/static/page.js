// The web page: photos and a model in, what the model thinks out. No framework, no other origin.
// Everything from outside (file names, labels, errors) is inserted as text, never as HTML.
import { ask, post, storeKey, storedKey } from "./api.js";
import * as languages from "./languages.js";
import { selected, showLinks, showModel, showModels, version } from "./models.js";
import { Photo } from "./photo.js";
import { mayHelp, shrink } from "./shrink.js";

const AT_ONCE = 3; // requests
const WAIT = 2000; // milliseconds between tries while the server can't answer

const { text } = languages;
const at = (id) => document.getElementById(id);
let photos = []; // as shown: the newest batch first
let models = [];
let count = 0;
let running = 0;
let isHeld = true; // no requests for now: the models are not known, a key is needed, or the server is away
let outage = null; // the problem that the page waits out
let retrying = null; // timer

const say = (words) => { at("said").textContent = words; };

// --- The queue -----------------------------------------------------------------------------

function run() {
  for (const photo of photos) {
    if (isHeld || running >= AT_ONCE) return;
    if (photo.state === "waiting" && !photo.running && !photo.paused) classify(photo);
  }
}

async function classify(photo) {
  running += 1;
  const mine = photo.running = new AbortController();
  try {
    const asked = send(photo, mine.signal);
    photo.showPreview();
    const answer = await asked;
    if (photo.running === mine) photo.set("done", { answer });
  } catch (problem) {
    if (photo.running === mine) failed(photo, problem);
  } finally {
    running -= 1;
    if (photo.running === mine) photo.running = null;
    finished();
    run();
  }
}

async function send(photo, signal) {
  const [model, pinned] = [selected(), version()];
  try {
    return await post(model, pinned, "classify", photo.sent, signal);
  } catch (problem) {
    const smaller = mayHelp(problem) && photo.sent === photo.file && await shrink(photo.file);
    if (!smaller) throw problem;
    const answer = await post(model, pinned, "classify", smaller, signal);
    photo.sent = smaller;
    return answer;
  }
}

function failed(photo, problem) {
  if (problem.status === 401) needKey(problem);
  else if (problem.isOutage) waitOut(problem);
  else if (problem.isBusy) {
    photo.paused = true;
    setTimeout(() => { photo.paused = false; run(); }, (problem.retryAfter || 1) * 1000);
  } else photo.set("failed", { problem });
}

function finished() {
  const [done, bad] = ["done", "failed"].map((state) => photos.filter((photo) => photo.state === state));
  if (!photos.length || done.length + bad.length < photos.length) return;
  say(photos.length === 1 ? photos[0].summary() : text("done_several", { done: done.length, failed: bad.length }));
}

function reclassify() {
  for (const photo of photos) {
    photo.running?.abort();
    photo.running = null;
    photo.set("waiting");
  }
  run();
}

// --- The server is away, or needs a key ----------------------------------------------------

function waitOut(problem) {
  isHeld = true;
  outage = problem;
  showOutage();
  clearTimeout(retrying);
  retrying = setTimeout(start, WAIT);
}

function showOutage() {
  at("outage").hidden = !outage;
  if (!outage) return;
  const [title, detail] = languages.problemText(outage);
  at("outage-title").textContent = title;
  at("outage-detail").textContent = outage.status ? `${detail} ${text("busy_detail")}` : detail;
}

function needKey(problem) {
  isHeld = true;
  const wasHidden = at("key-form").hidden;
  at("key-form").hidden = false;
  at("key-problem").textContent = storedKey() ? languages.problemText(problem).join(". ") : "";
  if (wasHidden) at("key").focus();
}

// Read the models, and go on with what waits.
async function start() {
  clearTimeout(retrying);
  try {
    ({ models } = await ask("v1/models"));
  } catch (problem) {
    if (problem.status === 401) needKey(problem);
    else waitOut(problem);
    at("models-hint").textContent = text("no_models");
    return;
  }
  at("key-form").hidden = true;
  showModels(models);
  const chosen = models.find((model) => model.name === selected());
  if (chosen?.state !== "ready") {
    waitOut({ status: 503, slug: "model-not-ready", title: text("busy"), detail: chosen?.detail ?? "" });
    return;
  }
  if (outage) say(text("back"));
  outage = null;
  showOutage();
  isHeld = false;
  run();
}

// --- Photos --------------------------------------------------------------------------------

function take(files) {
  const taken = [...files ?? []].map((file) => new Photo(file, count += 1));
  if (!taken.length) return;
  for (const photo of taken) {
    photo.part(".remove").addEventListener("click", () => remove(photo));
    photo.part(".again").addEventListener("click", () => { photo.set("waiting"); run(); });
  }
  photos = [...taken, ...photos];
  at("results").prepend(...taken.map((photo) => photo.article));
  showCount();
  run();
  for (const photo of taken) photo.showPreview();
}

function remove(photo) {
  const place = photos.indexOf(photo);
  photos = photos.filter((each) => each !== photo);
  photo.discard();
  (photos[place] ?? photos[place - 1])?.part(".remove").focus();
  say(text("removed", { photo: photo.name }));
  showCount();
  run();
}

function showCount() {
  at("shown").hidden = !photos.length;
  document.body.classList.toggle("has-photos", photos.length > 0);
  at("invitation").dataset.text = photos.length ? "choose_more" : "choose";
  at("invitation").textContent = text(at("invitation").dataset.text);
  if (!photos.length) at("file").focus();
}

// --- Events --------------------------------------------------------------------------------

for (const id of ["file", "camera"]) {
  at(id).addEventListener("change", (event) => {
    take(event.target.files);
    event.target.value = ""; // So that choosing the same file again sends it again.
  });
}
at("models").addEventListener("change", () => { showModel(models); reclassify(); start(); });
at("version").addEventListener("change", () => { showLinks(); reclassify(); });
at("clear").addEventListener("click", () => {
  for (const photo of photos) photo.discard();
  photos = [];
  showCount();
});
at("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  storeKey(at("key").value);
  at("key").value = "";
  start();
});
at("language").addEventListener("click", async (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  languages.remember(link.lang);
  await show(link.lang);
});
document.addEventListener("paste", (event) => take(event.clipboardData?.files));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dragging");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  take(event.dataTransfer?.files);
});
addEventListener("online", () => { if (outage) start(); });

async function show(language) {
  try {
    await languages.load(language);
  } catch { return; } // The server is away; the page stays in its language.
  if (models.length) showModels(models);
  for (const photo of photos) photo.render();
  showOutage();
}

await Promise.all([show(languages.preferred()), start()]);
if (models.length) showModels(models); // Again, if they came before the texts.
