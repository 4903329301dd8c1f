// The lines that do the same from a program, ready to copy.
import { pathOf, storedKey } from "./api.js";
import { text } from "./languages.js";

const VARIABLE = "PHOTOLABEL_API_KEY";

function snippets(model, version) {
  const address = new URL(`${pathOf(model, version)}:classify`, document.baseURI).href;
  const base = new URL(".", document.baseURI).href.replace(/\/$/, "");
  const key = Boolean(storedKey());
  return {
    curl: `curl ${key ? `-H "Authorization: Bearer $${VARIABLE}" ` : ""}--data-binary @photo.jpg '${address}'`,
    Python: `${key ? "import os\n\n" : ""}from photolabel import Photolabel

with Photolabel("${base}"${key ? `, api_key=os.environ["${VARIABLE}"]` : ""}) as photolabel:
    prediction = photolabel.classify("photo.jpg", model=${JSON.stringify(model)}${version ? `, version=${version}` : ""})
print(prediction.label, prediction.probability)`,
    JavaScript: `// photo is a File or a Blob
const response = await fetch(${JSON.stringify(address)}, {
  method: "POST",${key ? "\n  headers: { Authorization: `Bearer ${key}` }," : ""}
  body: photo,
});
const answer = await response.json();
if (!response.ok) throw new Error(answer.detail);
const [{ label, probability }] = answer.predictions;`,
  };
}

export function showSnippets(container, model, version) {
  const shown = Object.entries(snippets(model, version)).map(([name, lines]) => {
    const block = document.getElementById("snippet").content.cloneNode(true);
    const [code, copy] = [block.querySelector("code"), block.querySelector("button")];
    block.querySelector("h3").textContent = name;
    code.textContent = lines;
    copy.textContent = text("copy");
    copy.setAttribute("aria-label", text("copy_of", { what: name }));
    copy.addEventListener("click", async () => {
      await copyText(code);
      copy.textContent = text("copied");
      setTimeout(() => { copy.textContent = text("copy"); }, 2000);
    });
    return block;
  });
  container.replaceChildren(...shown);
}

async function copyText(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch { // Only pages from this machine or over HTTPS may use the clipboard that way.
    getSelection().selectAllChildren(code);
    document.execCommand("copy");
  }
}
