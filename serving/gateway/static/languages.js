// The texts of the page in the language chosen, from web/languages/CODE.json.
const STORED = "photolabel-language";
let texts = {};

export const code = () => document.documentElement.lang;

export function text(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export const className = (label) => texts._classes?.[label] ?? label;

export function problemText(problem) {
  const own = { empty: "empty", unreadable: "unreadable", "": problem.status ? "unexpected" : "unreachable" }[problem.slug];
  if (own && !problem.title) return [text(own), text(`${own}_detail`, { status: problem.status })];
  const key = `error.${problem.slug}`;
  return [texts[key] ?? problem.title ?? text("unexpected"), problem.detail];
}

export function percent(probability) {
  const format = new Intl.NumberFormat(code(), { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return probability > 0 && probability < 0.0005 ? `< ${format.format(0.001)}` : format.format(probability);
}

export function bytes(size) {
  return new Intl.NumberFormat(code(), { style: "unit", unit: "kilobyte", maximumFractionDigits: 0 }).format(size / 1000);
}

export async function load(language) {
  const response = await fetch(`web/languages/${encodeURIComponent(language)}.json`);
  if (!response.ok) throw new Error(`no language ${language}`);
  texts = await response.json();
  document.documentElement.lang = language;
  document.title = text("title");
  for (const each of document.querySelectorAll("[data-text]")) each.textContent = text(each.dataset.text);
  for (const each of document.querySelectorAll("[data-label]")) each.setAttribute("aria-label", text(each.dataset.label));
  for (const link of document.querySelectorAll("#language a")) {
    if (link.lang === language) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

export function remember(language) {
  const address = new URL(location.href);
  address.searchParams.set("lang", language);
  history.replaceState(null, "", address);
  try {
    localStorage.setItem(STORED, language);
  } catch { /* Storage is disabled in this browser. */ }
}

// The language of the address, else the one remembered, else the one that the server chose.
export function preferred() {
  const offered = [...document.querySelectorAll("#language a")].map((link) => link.lang);
  let stored = null;
  try {
    stored = localStorage.getItem(STORED);
  } catch { /* Storage is disabled in this browser. */ }
  const inAddress = offered.includes(new URLSearchParams(location.search).get("lang"));
  return !inAddress && offered.includes(stored) ? stored : code();
}
