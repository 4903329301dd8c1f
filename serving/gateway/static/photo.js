// One photo: its article, from waiting to an answer or a problem.
import { post } from "./api.js";
import { drawHeat } from "./heat.js";
import { bytes, className, percent, problemText, text } from "./languages.js";

const SHOWN = 5; // Bars; the others are shown on demand.

function element(name, className = "", content = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = content;
  return made;
}

export function verdict({ label, probability, probabilities, recognized }) {
  const next = probabilities[1];
  const values = { class: className(label), next: next && className(next.label) };
  if (recognized === false) return text("unrecognized");
  if (probability >= 0.95) return text("certain", values);
  if (probability >= 0.8) return text("sure", values);
  if (!next || (probability >= 0.5 && probability - next.probability >= 0.1)) return text("likely", values);
  return text("perhaps", values);
}

export class Photo {
  constructor(file, number) {
    Object.assign(this, { file, sent: file, name: file.name, state: "waiting", answer: null, problem: null, all: false });
    this.article = document.getElementById("photo").content.firstElementChild.cloneNode(true);
    this.part(".name").id = `photo-${number}`;
    this.part(".name").textContent = this.name;
    this.article.setAttribute("aria-labelledby", `photo-${number}`);
    this.part(".view").addEventListener("toggle", () => this.loadView());
    this.part(".more").addEventListener("click", () => { this.all = !this.all; this.render(); });
    this.part("input").addEventListener("input", (event) => {
      this.part(".heat").style.opacity = event.target.value / 100;
    });
    this.render();
  }

  part(selector) { return this.article.querySelector(selector); }
  get prediction() { return this.answer?.predictions[0]; }

  // Called when the request is on its way: the preview is decoded meanwhile.
  showPreview() {
    if (this.address) return;
    this.address = URL.createObjectURL(this.file);
    const image = this.part(".preview img");
    image.addEventListener("error", () => {
      image.hidden = true;
      this.part(".no-preview").hidden = false;
    });
    image.src = this.address;
  }

  set(state, changes = {}) {
    Object.assign(this, { state, problem: null }, changes);
    this.render();
  }

  discard() {
    this.running?.abort();
    this.viewing?.abort();
    if (this.address) URL.revokeObjectURL(this.address);
    this.article.remove();
  }

  summary() {
    const result = this.problem ? problemText(this.problem)[0] : this.prediction ? verdict(this.prediction) : "";
    return text("done_one", { photo: this.name, result });
  }

  render() {
    const { state, prediction, problem } = this;
    this.article.dataset.state = state;
    this.article.toggleAttribute("aria-busy", state === "waiting");
    for (const each of this.article.querySelectorAll("[data-text]")) each.textContent = text(each.dataset.text);
    this.part(".remove").setAttribute("aria-label", text("remove", { photo: this.name }));
    this.part(".bars").setAttribute("aria-label", text("probabilities"));
    this.part(".result").hidden = !prediction || state === "failed";
    this.part(".waiting").hidden = state !== "waiting" || Boolean(prediction);
    this.part(".problem").hidden = !problem;
    if (problem) this.renderProblem(problem);
    if (prediction && state !== "failed") this.renderPrediction(prediction);
  }

  renderProblem(problem) {
    const [title, detail] = problemText(problem);
    this.part(".problem-title").textContent = title;
    this.part(".problem-detail").textContent = detail;
    this.part(".problem-detail").lang = problem.title ? "en" : "";
    this.part(".again").hidden = !problem.isRetryable;
  }

  renderPrediction(prediction) {
    const { model, version } = this.answer;
    const unknown = prediction.recognized === false; // Absent: the model can't tell.
    this.article.classList.toggle("unknown", unknown);
    this.part(".best").textContent = verdict(prediction);
    this.part(".doubt").hidden = !unknown;
    this.part(".doubt").textContent = unknown ? text("unrecognized_why", { class: className(prediction.label) }) : "";
    this.part(".source").textContent = text("source", { model, version });
    this.part(".resized").hidden = this.sent === this.file;
    this.part(".resized").textContent = text("resized", { size: bytes(this.sent.size) });
    const bars = prediction.probabilities.map(bar);
    bars.slice(SHOWN).forEach((each) => { each.hidden = !this.all; });
    this.part(".bars").replaceChildren(...bars);
    this.part(".more").hidden = bars.length <= SHOWN;
    this.part(".more").textContent = this.all ? text("fewer_classes") : text("all_classes", { count: bars.length });
    this.part(".more").setAttribute("aria-expanded", this.all);
    if (this.seen !== this.answer) this.clearView();
    this.renderView();
  }

  clearView() {
    Object.assign(this, { seen: this.answer, heat: null, viewProblem: null });
    this.viewing?.abort();
    this.viewing = null;
    this.part(".layers").hidden = this.part(".slider").hidden = true;
    if (this.part(".view").open) this.loadView();
  }

  // The pixels and the heat map, from the version that answered, when they are first asked for.
  async loadView() {
    if (!this.part(".view").open || this.viewing || !this.answer) return;
    const { model, version } = this.answer;
    const { signal } = this.viewing = new AbortController();
    this.part(".view-text").textContent = text("view_loading");
    const map = post(model, version, "explain", this.sent, signal).catch((problem) => problem);
    try {
      const picture = await createImageBitmap(await post(model, version, "prepare", this.sent, signal, "image/png"));
      const pixels = this.part(".pixels");
      Object.assign(pixels, { width: picture.width, height: picture.height });
      pixels.getContext("2d").drawImage(picture, 0, 0);
      this.part(".layers").hidden = false;
      const answer = await map;
      if (answer.predictions) {
        this.heat = answer.predictions[0];
        const scale = Math.ceil(280 / Math.max(picture.width, picture.height));
        drawHeat(this.part(".heat"), this.heat.heat, picture.width * scale, picture.height * scale);
      } else if (answer.slug !== "not-explainable") throw answer;
    } catch (problem) {
      if (problem.name === "AbortError") return;
      this.viewProblem = problem;
      this.viewing = null; // Opening it again tries again.
    }
    this.renderView();
  }

  renderView() {
    const { width, height } = this.part(".pixels");
    this.part(".pixels").setAttribute("aria-label", text("view_alt"));
    this.part(".slider").hidden = this.part(".heat").hidden = !this.heat;
    const size = text("view_text", { width, height });
    const why = this.heat ? text("heat_text", { class: className(this.heat.label) }) : text("heat_none");
    if (this.viewProblem) this.part(".view-text").textContent = problemText(this.viewProblem).join(". ");
    else if (!this.part(".layers").hidden) this.part(".view-text").textContent = `${size}. ${why}`;
  }
}

function bar({ label, probability }) {
  const [row, track, fill] = [element("li"), element("div", "track"), element("div", "fill")];
  fill.style.setProperty("--part", probability);
  track.append(fill);
  row.append(element("span", "label", className(label)), track, element("span", "percent", percent(probability)));
  return row;
}
