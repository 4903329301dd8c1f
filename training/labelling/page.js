"use strict";
const { model, labels, earlier, photos } = JSON.parse(document.getElementById("data").textContent);
const element = (id) => document.getElementById(id);
const other = labels.find((label) => label.toLowerCase() === "other");
const keys = new Map(labels.filter((label) => label !== other).slice(0, 35).map((label, index) => ["123456789abcdefghijklmnopqrstuvwxyz"[index], label]));
keys.set("0", other);
const items = [];
const buttons = new Map();
let current = 0;

// Choices outlast the page in the browser's storage, where it has one for files.
const place = (photo) => `photolabel/${model}/${photo.content}`;
function remembered(photo) {
  try {
    const label = localStorage.getItem(place(photo));
    return labels.includes(label) ? label : null;
  } catch {
    return null;
  }
}
function remember(photo) {
  try {
    if (photo.label === null) localStorage.removeItem(place(photo));
    else localStorage.setItem(place(photo), photo.label);
  } catch {
    element("note").textContent = "This browser keeps no choices: save before you close the page.";
  }
}

function make(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

function guessOf(photo) {
  const percent = `${Math.floor(100 * photo.probability)}%`;
  return `${photo.guess} ${percent}${photo.recognized === false ? ", not recognized" : ""}`;
}

function show(photo, item) {
  item.querySelector(".label").textContent = photo.label ?? "";
  const said = photo.label === null ? "no label yet" : `labelled ${photo.label}`;
  item.setAttribute("aria-label", `${photo.image}: ${said}; guess: ${guessOf(photo)}`);
}

function select(index, focus = true) {
  items[current].setAttribute("aria-selected", "false");
  items[current].tabIndex = -1;
  current = Math.max(0, Math.min(index, photos.length - 1));
  const photo = photos[current];
  items[current].setAttribute("aria-selected", "true");
  items[current].tabIndex = 0;
  if (focus) items[current].focus();
  element("large").src = items[current].querySelector("img").src;
  element("large").alt = photo.image;
  element("about").textContent = `${photo.image}: ${guessOf(photo)}`;
  for (const [label, button] of buttons) button.setAttribute("aria-pressed", label === photo.label);
  const done = photos.filter((each) => each.label !== null).length;
  const before = earlier.length ? `, ${earlier.length} earlier` : "";
  element("count").value = `${done} of ${photos.length} sorted${before}`;
}

function choose(label) {
  const photo = photos[current];
  photo.label = label;
  remember(photo);
  show(photo, items[current]);
  const next = photos.findIndex((each, index) => index > current && each.label === null);
  select(label === null || next < 0 ? current : next);
}

function save() {
  const cell = (text) => `"${text.replaceAll('"', '""')}"`;
  const chosen = photos.filter((photo) => photo.label !== null);
  const rows = [...earlier, ...chosen.map((photo) => [photo.path, photo.label])];
  const lines = ["path,label", ...rows.map((row) => row.map(cell).join(","))];
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }));
  link.download = "photos.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  element("note").textContent = `Saved ${rows.length} photos. Keep the file beside this page, in place of an older one.`;
}

function perRow() {
  const top = items[0].offsetTop;
  const second = items.findIndex((item) => item.offsetTop > top);
  return second < 0 ? items.length : second;
}

function press(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const onButton = event.target instanceof HTMLButtonElement;
  const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: perRow(), ArrowUp: -perRow() };
  if (keys.has(event.key)) choose(keys.get(event.key));
  else if (event.key === "Enter" && !onButton) choose(photos[current].guess);
  else if (event.key === "Delete" || event.key === "Backspace") choose(null);
  else if (event.key in moves) select(current + moves[event.key]);
  else if (event.key === "Home") select(0);
  else if (event.key === "End") select(photos.length - 1);
  else return;
  event.preventDefault();
}

for (const label of labels) {
  const key = [...keys].find(([, each]) => each === label)?.[0];
  const button = make("button");
  if (key !== undefined) button.append(make("kbd", key), " ");
  button.append(label);
  button.type = "button";
  button.addEventListener("click", () => choose(label));
  buttons.set(label, button);
  element("labels").append(button);
}
for (const [index, photo] of photos.entries()) {
  photo.label = remembered(photo);
  const item = make("li");
  const picture = make("img");
  picture.src = `data:image/jpeg;base64,${photo.picture}`;
  picture.alt = "";
  item.append(picture, make("span", "", "label"), make("span", guessOf(photo), "guess"));
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  item.tabIndex = -1;
  item.addEventListener("click", () => select(index));
  show(photo, item);
  items.push(item);
  element("photos").append(item);
}
element("save").addEventListener("click", save);
document.addEventListener("keydown", press);
const first = photos.findIndex((photo) => photo.label === null);
select(Math.max(first, 0), false);
