// The web page: a photo and a model in, probabilities as bars out. No framework, no other origin.
// Everything from outside (file names, labels, errors) is inserted as text, never as HTML.
"use strict";

const KEY = "photolabel-api-key";
const READY = "ready";
const PNG = "image/png";
const RETRYABLE = new Set([408, 429, 500, 502, 503, 504]);

const at = (id) => document.getElementById(id);
let photo = null; // File
let shown = null; // object URL of the photo
let running = null; // AbortController of the current request
let explaining = new Set(); // names of the models that can explain
let answered = null; // the response shown
let reason = null; // object URL of the heat map

class Problem extends Error {
  constructor(title, detail, status = 0) {
    super(detail);
    this.title = title;
    this.status = status;
  }
}

// --- The API -------------------------------------------------------------------------------

function storedKey() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null; // Storage is disabled in this browser.
  }
}

async function ask(path, options = {}) {
  const headers = { Accept: "application/json", ...options.headers };
  const key = storedKey();
  if (key) headers.Authorization = `Bearer ${key}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("No response", "The server can't be reached. Are you online? Is it running?", 503);
  }
  if (response.ok && headers.Accept === PNG) return response.blob();
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body;
  if (!body || !body.title) {
    const what = `The server sent an unexpected response (status ${response.status}).`;
    throw new Problem("Something went wrong", what, response.status);
  }
  const each = (body.errors || []).map((error) => error.detail);
  throw new Problem(body.title, each.join("\n") || body.detail || "", response.status);
}

function post(path, file, signal, accept = "application/json") {
  return ask(path, {
    method: "POST",
    // The server looks at the bytes, not at the type that the browser guesses.
    headers: { "Content-Type": "application/octet-stream", Accept: accept },
    body: file,
    signal,
  });
}

function classify(model, file, signal) {
  return post(`v1/models/${encodeURIComponent(model)}:classify`, file, signal);
}

// Ask the version that classified: another version may choose another class.
function explain({ model, version }, file, signal) {
  return post(`v1/models/${encodeURIComponent(model)}/versions/${version}:explain`, file, signal, PNG);
}

// --- Rendering -----------------------------------------------------------------------------

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function percent(probability) {
  const digits = { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 };
  const text = (value) => new Intl.NumberFormat(undefined, digits).format(value);
  return probability > 0 && probability < 0.0005 ? `< ${text(0.001)}` : text(probability);
}

function showModels(models) {
  explaining = new Set(models.filter((model) => model.explains).map((model) => model.name));
  const chosen = selected();
  const choices = models.map((model) => {
    const choice = element("label", model.state === READY ? "model" : "model waiting");
    const radio = document.createElement("input");
    radio.type = "radio";
    radio.name = "model";
    radio.value = model.name;
    const name = element("span", "", model.name);
    if (model.state !== READY) name.append(element("small", "", "not ready"));
    choice.append(radio, name);
    return choice;
  });
  at("models").replaceChildren(at("models").querySelector("legend"), ...choices);
  const radios = [...document.getElementsByName("model")];
  const first = radios.find((radio) => radio.value === chosen)
    || radios[models.findIndex((model) => model.state === READY)] || radios[0];
  if (first) first.checked = true;
  showCurl();
}

function showPhoto() {
  if (shown) URL.revokeObjectURL(shown);
  shown = URL.createObjectURL(photo);
  at("photo").src = shown;
  at("photo").hidden = false;
  at("invitation").hidden = true;
  at("file-name").textContent = photo.name;
}

function showNoPreview() {
  at("photo").hidden = true;
  at("file-name").textContent = `${photo.name} (this browser can't show it)`;
}

// One of: "nothing-yet", "problem", "result".
function showOnly(part) {
  for (const each of ["nothing-yet", "problem", "result"]) at(each).hidden = each !== part;
}

function showAnswer(answer) {
  const [prediction] = answer.predictions;
  at("best").textContent = `${prediction.label}, ${percent(prediction.probability)}`;
  at("doubt").hidden = prediction.recognized !== false; // Absent: the model can't tell.
  at("source").textContent = `by ${answer.model}, version ${answer.version}`;
  at("bars").replaceChildren(...prediction.probabilities.map(bar));
  answered = answer;
  showReason(null);
  const doubt = at("doubt").hidden ? "" : " (not recognized)";
  at("said").textContent = `${at("best").textContent}${doubt}, ${at("source").textContent}`;
  showOnly("result");
}

// Show a heat map; null shows only the button for it, if the model can explain.
function showReason(picture) {
  if (reason) URL.revokeObjectURL(reason);
  reason = picture && URL.createObjectURL(picture);
  at("why").hidden = Boolean(picture) || !explaining.has(answered.model);
  at("reason").hidden = !picture;
  if (!picture) return at("reason-picture").removeAttribute("src");
  const { label } = answered.predictions[0];
  at("reason-picture").src = reason;
  at("reason-picture").alt = `The photo, bright where the evidence for ${label} is`;
  at("reason-text").textContent = `As the model sees it: bright where it finds evidence for ${label}.`;
}

function bar({ label, probability }) {
  const row = element("li", "");
  const track = element("div", "track");
  const fill = element("div", "fill");
  fill.style.setProperty("--part", probability);
  track.append(fill);
  row.append(element("span", "label", label), element("span", "percent", percent(probability)), track);
  return row;
}

function showProblem(problem) {
  const isKeyNeeded = problem.status === 401;
  at("key-form").hidden = !isKeyNeeded;
  if (isKeyNeeded) at("key").focus();
  at("said").textContent = "";
  if (isKeyNeeded && !storedKey()) return showOnly("nothing-yet"); // The form says enough.
  at("problem-title").textContent = problem.title || "Something went wrong";
  at("problem-detail").textContent = problem.message;
  at("again").hidden = !RETRYABLE.has(problem.status);
  showOnly("problem");
}

function showCurl() {
  const model = encodeURIComponent(selected() || "cats-dogs");
  const address = new URL(`v1/models/${model}:classify`, document.baseURI);
  const key = storedKey() ? ' -H "Authorization: Bearer $KEY"' : "";
  at("curl").textContent = `curl${key} --data-binary @photo.jpg '${address}'`;
}

// --- Events --------------------------------------------------------------------------------

const selected = () => document.querySelector('input[name="model"]:checked')?.value;

async function loadModels() {
  try {
    showModels((await ask("v1/models")).models);
    at("key-form").hidden = true;
    return true;
  } catch (problem) {
    at("models-hint").textContent = "No models to choose from yet.";
    showProblem(problem);
    return false;
  }
}

async function run() {
  const model = selected();
  if (!photo || !model) return;
  running?.abort();
  const mine = running = new AbortController();
  at("answer").setAttribute("aria-busy", "true");
  at("why").hidden = at("reason").hidden = true; // They belong to the previous photo.
  try {
    const answer = await classify(model, photo, mine.signal);
    if (mine === running) showAnswer(answer);
  } catch (problem) {
    if (mine === running) showProblem(problem);
  } finally {
    if (mine === running) at("answer").removeAttribute("aria-busy");
  }
}

async function why() {
  running?.abort();
  const mine = running = new AbortController();
  at("why").disabled = true;
  try {
    const picture = await explain(answered, photo, mine.signal);
    if (mine === running) {
      showReason(picture);
      at("reason").focus();
    }
  } catch (problem) {
    if (mine === running) showProblem(problem);
  } finally {
    at("why").disabled = false;
  }
}

function take(files) {
  if (!files || !files.length) return;
  photo = files[0];
  showPhoto();
  run();
}

async function again() {
  if (!await loadModels()) return;
  showOnly("nothing-yet");
  run();
}

at("file").addEventListener("change", (event) => {
  take([...event.target.files]);
  event.target.value = ""; // So that choosing the same file again sends it again.
});
at("models").addEventListener("change", () => { showCurl(); run(); });
at("again").addEventListener("click", again);
at("why").addEventListener("click", why);
at("photo").addEventListener("error", showNoPreview);
at("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  try {
    sessionStorage.setItem(KEY, at("key").value);
  } catch {
    showProblem(new Problem("The key can't be stored", "This browser does not store data for this page."));
    return;
  }
  at("key").value = "";
  again();
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

loadModels();
