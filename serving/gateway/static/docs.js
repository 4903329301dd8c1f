// The page of the API: commands with the address in the browser's bar, and buttons that copy them.
"use strict";

// The server does not know its own address where a proxy stands before it.
const base = new URL(".", location.href).href.replace(/\/$/, "");
for (const place of document.querySelectorAll(".base")) place.textContent = base;

function addCopyButton(command) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(command.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  command.append(button);
}

// Browsers have a clipboard only where the connection is safe.
if (navigator.clipboard) document.querySelectorAll(".command").forEach(addCopyButton);
