// The API page: puts the address of this page into commands, and adds buttons that copy them.
"use strict";

// Behind a proxy, the server does not know its own address.
const base = new URL(".", location.href).href.replace(/\/$/, "");
for (const element of document.querySelectorAll(".base")) element.textContent = base;

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

// Browsers offer the clipboard only on secure connections.
if (navigator.clipboard) document.querySelectorAll(".command").forEach(addCopyButton);
