// The choice of a model and its version.
import * as languages from "./languages.js";
import { showSnippets } from "./snippets.js";

const { text } = languages;
const at = (id) => document.getElementById(id);

export const selected = () => document.querySelector('input[name="model"]:checked')?.value;
export const version = () => at("version").value;

// Offer the models, as GET /v1/models lists them; the one that was chosen stays chosen.
export function showModels(models) {
  const wanted = selected() ?? new URLSearchParams(location.search).get("model");
  const choices = models.map((model) => {
    const choice = at("model").content.firstElementChild.cloneNode(true);
    const radio = choice.querySelector("input");
    radio.value = model.name;
    choice.querySelector("span").textContent = model.name;
    choice.classList.toggle("unready", model.state !== "ready");
    if (model.state !== "ready") choice.querySelector("small").textContent = text("not_ready");
    return choice;
  });
  at("models").replaceChildren(at("models").querySelector("legend"), ...choices);
  const first = models.find((model) => model.name === wanted)
    ?? models.find((model) => model.state === "ready") ?? models[0];
  for (const radio of at("models").querySelectorAll("input")) radio.checked = radio.value === first?.name;
  showModel(models);
}

// Show the versions and the classes of the chosen model.
export function showModel(models) {
  const model = models.find(({ name }) => name === selected());
  if (!model) return;
  const before = at("version").dataset.model === model.name ? version() : "";
  const serving = (model.versions ?? []).filter(({ state }) => state === "AVAILABLE");
  const labels = (number) => (model.version_labels ?? []).filter((each) => each.version === number);
  const named = (number) => [number, ...labels(number).map(({ label }) => label)].join(" · ");
  const options = serving.map((each) => new Option(named(each.version), each.version));
  at("version").replaceChildren(new Option(text("current", { version: model.version ?? "?" }), ""), ...options);
  at("version").value = serving.some((each) => String(each.version) === before) ? before : "";
  at("version").dataset.model = model.name;
  at("version-row").hidden = false;
  at("knows").textContent = model.labels ? text("knows", { classes: model.labels.map(languages.className).join(", ") }) : "";
  showLinks();
}

// Have the link to the model's page, and the snippets, name the chosen model and version.
export function showLinks() {
  const query = new URLSearchParams({ ...(version() && { version: version() }), lang: languages.code() });
  at("about").href = `models/${encodeURIComponent(selected())}?${query}`;
  showSnippets(at("snippets"), selected(), version());
}
